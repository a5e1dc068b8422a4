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
  /** Needs a C compiler and these Debian packages. */
  cgo?: { packages: readonly string[] };
  /** Files of modules in the go.mod that are put beside the programs. */
  files?: readonly { module: string; path: string; as: string }[];
}

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
} satisfies Record<string, Recipe>;

export type EngineName = keyof typeof recipes;
export const engineNames = Object.keys(recipes) as EngineName[];
export const recipeOf = (name: EngineName): Recipe => recipes[name];
