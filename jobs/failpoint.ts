/** Ends the process as a crash would, when it was started with this failpoint's name. */
export function createFailpoint(name: string | undefined): (reached: string) => void {
  return (reached) => {
    if (reached === name) process.kill(process.pid, 'SIGKILL');
  };
}
