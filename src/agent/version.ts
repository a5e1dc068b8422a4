/** The version of AWS's agent whose protocol and behavior this one follows. */
export const AGENT_VERSION = '1.99.0';
