/** The driver's name in Kubernetes; the version is that of the add-on. */
export const DRIVER = 'ebs.csi.aws.com';
export const DRIVER_VERSION = 'v1.53.0';
