import { join } from 'node:path';

/** What an installation keeps: `/var/lib/gantry/<name>`. */
export const homeRoot = () => process.env.GANTRY_HOME || '/var/lib/gantry';
export const stateDirOf = (name: string) => join(homeRoot(), name);
/** The certificate of the authority that an installation's TLS names are to be trusted by; its folder holds nothing else. */
export const trustedFile = (stateDir: string) => join(stateDir, 'trusted', 'gantry.pem');

/** Sockets and process ids, gone with a reboot: `/run/gantry/<name>`. */
export const runRoot = () => process.env.GANTRY_RUN || '/run/gantry';
export const runDirOf = (name: string) => join(runRoot(), name);

/** What all installations of a machine share, whatever their homes; gone with a reboot. */
export const machineFile = (...names: string[]) => join('/run/gantry-machine', ...names);
