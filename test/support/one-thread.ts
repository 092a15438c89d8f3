// Loaded before each test file: its graphs are small, and the cores are for the other files.
import { configureExecution } from '../../src/tensor/session.ts';

configureExecution({ provider: 'cpu', threads: 1 });
