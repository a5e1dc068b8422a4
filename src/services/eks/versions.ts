/** Kubernetes' minor versions that clusters can have: those with a folder in `engines/`. */
export interface KubernetesVersion {
  version: string;
  patch: string;
  platformVersion: string;
  releaseDate: string;
  endOfStandardSupport: string;
  endOfExtendedSupport: string;
}

/** The patch is what `engines/kubernetes-<version>/go.mod` pins. The dates follow from upstream's 14 months and AWS's 26. */
export const VERSIONS: readonly KubernetesVersion[] = [
  { version: '1.36', patch: '1.36.3', platformVersion: 'eks.1', releaseDate: '2026-06-02', endOfStandardSupport: '2027-08-02', endOfExtendedSupport: '2028-08-02' },
];

export const DEFAULT_VERSION = VERSIONS[0]!.version;
export const versionOf = (version: string) => VERSIONS.find((one) => one.version === version);
