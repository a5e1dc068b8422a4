/** What is fixed for an installation, written once by the first `gantry up` to `<stateDir>/installation.json`. */
export interface Installation {
  /** 1 to 20 of `a-z0-9-`: part of every name that Gantry makes on a host. */
  name: string;
  /** 12 digits. */
  account: string;
  region: string;
  /** Zone names of the region, in order: `us-east-1a` … */
  zones: string[];
  /** `<name>.internal`: every name that Gantry gives out ends with it. */
  domain: string;
  /** The gateway's port, on 127.0.0.1 on the host and on `api.<domain>` inside of VPCs. */
  port: number;
  /** Addresses that stand for public ones, routed on this host only: a /22 of 198.18.0.0/15. */
  publicCidr: string;
  /** Absolute folder of everything this installation keeps. */
  stateDir: string;
}
