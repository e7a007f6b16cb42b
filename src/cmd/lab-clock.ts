import { CLOCK_FILE_VARIABLE, followClock } from '#lab/clock';

// Not a process but a module that the lab has Node load before a process's own (`node --import`), so that production
// processes live in the lab's time without knowing of it.
const path = process.env[CLOCK_FILE_VARIABLE];
if (path !== undefined) followClock(path);
