// How much of files has been read, for whoever follows it: readers of all forms publish each piece, as a
// number of bytes.
import { channel } from 'node:diagnostics_channel';

export const bytesRead = channel('tslrec:bytes-read');
