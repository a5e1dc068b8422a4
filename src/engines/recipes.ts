/**
 * How each engine is built. What is built, and in which version, is said by `engines/<name>/go.mod` alone: its `tool` lines. The
 * flags follow upstream's own release builds; everything is linked statically, because engines run inside of instances too.
 */
export interface Recipe {
  /** The Go module whose version is the engine's. */
  module: string;
  summary: string;
  tags: readonly string[];
  /** Further tags for one tool. */
  tagsOf?: Readonly<Record<string, readonly string[]>>;
  /** The variable that upstream's linker flags set to the version. */
  versionVariable?: string;
  /** Further variables that they set; `{version}` is the version. */
  variables?: Readonly<Record<string, string>>;
  /** Programs that upstream calls otherwise than their package. */
  programNames?: Readonly<Record<string, string>>;
  /** Programs that are a package's tests, compiled (`go test -c`): their name and the package. */
  tests?: Readonly<Record<string, string>>;
  /** How a program is asked for its version where that is not `-v`. */
  versionArguments?: Readonly<Record<string, readonly string[]>>;
  /** Takes minutes and is not everybody's: built when an instance first needs it, not by `gantry up`. */
  onDemand?: true;
  /** Needs a C compiler and these Debian packages. */
  cgo?: { packages: readonly string[] };
  /** Files of modules in the go.mod that are put beside the programs. */
  files?: readonly { module: string; path: string; as: string }[];
}

const kubernetesVersion = {
  versionVariable: 'k8s.io/component-base/version.gitVersion',
  variables: {
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': '36',
    'k8s.io/component-base/version.gitTreeState': 'clean',
    'k8s.io/client-go/pkg/version.gitVersion': 'v{version}',
    'k8s.io/client-go/pkg/version.gitMajor': '1',
    'k8s.io/client-go/pkg/version.gitMinor': '36',
  },
};

export const recipes = {
  containerd: {
    module: 'github.com/containerd/containerd/v2',
    summary: 'container runtime of instances (CRI)',
    tags: ['urfave_cli_no_docs', 'osusergo', 'netgo', 'static_build'],
    // The shim speaks ttrpc alone; without gRPC each container costs some megabytes less.
    tagsOf: { 'containerd-shim-runc-v2': ['no_grpc'] },
    versionVariable: 'github.com/containerd/containerd/v2/version.Version',
    files: [{ module: 'k8s.io/cri-api', path: 'pkg/apis/runtime/v1/api.proto', as: 'cri-api.proto' }],
  },
  runc: {
    module: 'github.com/opencontainers/runc',
    summary: 'starts containers and instances',
    tags: ['seccomp', 'urfave_cli_no_docs', 'osusergo', 'netgo'],
    cgo: { packages: ['gcc', 'libc6-dev', 'pkg-config', 'libseccomp-dev'] },
  },
  'cni-plugins': {
    module: 'github.com/containernetworking/plugins',
    summary: 'networks of containers',
    tags: ['osusergo', 'netgo'],
    versionVariable: 'github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion',
  },
  'kubernetes-1.36': {
    module: 'k8s.io/kubernetes',
    summary: 'control planes and nodes of EKS clusters',
    tags: ['selinux', 'notest', 'grpcnotrace'],
    ...kubernetesVersion,
    versionArguments: {
      'kube-apiserver': ['--version'], 'kube-controller-manager': ['--version'], 'kube-scheduler': ['--version'],
      kubelet: ['--version'], 'kube-proxy': ['--version'], kubectl: ['version', '--client'],
    },
    onDemand: true,
  },
  etcd: {
    module: 'go.etcd.io/etcd/server/v3',
    summary: 'what EKS clusters keep their state in',
    tags: [],
    programNames: { server: 'etcd' },
    versionArguments: { etcd: ['--version'], etcdctl: ['version'] },
    onDemand: true,
  },
  coredns: {
    module: 'github.com/coredns/coredns',
    summary: 'names of EKS clusters',
    tags: ['grpcnotrace'],
    versionArguments: { coredns: ['-version'] },
    onDemand: true,
  },
  csi: {
    module: 'github.com/container-storage-interface/spec',
    summary: 'how the kubelet talks to the EBS CSI driver: interfaces alone, no program',
    tags: [],
    files: [
      { module: 'github.com/container-storage-interface/spec', path: 'csi.proto', as: 'csi.proto' },
      { module: 'k8s.io/kubelet', path: 'pkg/apis/pluginregistration/v1/api.proto', as: 'pluginregistration.proto' },
    ],
    onDemand: true,
  },
  conformance: {
    module: 'k8s.io/kubernetes',
    summary: 'upstream\'s own tests of EKS clusters: gantry conformance',
    tags: [],
    ...kubernetesVersion,
    tests: { 'e2e.test': 'k8s.io/kubernetes/test/e2e' },
    programNames: { nonewprivs: 'nnp' },
    // What the test images hold beside programs.
    files: [
      { module: 'k8s.io/kubernetes', path: 'test/images/agnhost/porter/localhost.crt', as: 'localhost.crt' },
      { module: 'k8s.io/kubernetes', path: 'test/images/agnhost/porter/localhost.key', as: 'localhost.key' },
      { module: 'k8s.io/kubernetes', path: 'test/images/kitten/html/data.json', as: 'kitten.json' },
      { module: 'k8s.io/kubernetes', path: 'test/images/nautilus/html/data.json', as: 'nautilus.json' },
    ],
    onDemand: true,
  },
} satisfies Record<string, Recipe>;

export type EngineName = keyof typeof recipes;
export const engineNames = Object.keys(recipes) as EngineName[];
/** Those that every installation needs. */
export const everydayEngines = engineNames.filter((name) => !('onDemand' in recipes[name]));
export const recipeOf = (name: EngineName): Recipe => recipes[name];
