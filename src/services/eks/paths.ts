/** Where a control plane's members reach Gantry, with their cluster's token as bearer. */
export const EKS_PATH = '/_gantry/eks/';
export const AUTHENTICATE_PATH = (cluster: string) => `${EKS_PATH}${cluster}/authenticate`;
export const LOGS_PATH = (cluster: string) => `${EKS_PATH}${cluster}/logs`;
