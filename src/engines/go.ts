import { run } from './command.ts';

/** The oldest Go that can read the engines' go.mod files; it fetches a newer toolchain by itself where one of them asks for it. */
export const OLDEST_GO = '1.26';

/** For example `1.26.8`; undefined where there is no Go. */
export async function goVersion(): Promise<string | undefined> {
  try {
    return /go(\d[\w.]*)/.exec((await run(['go', 'version'], { cwd: '/' })).stdout)?.[1];
  } catch {
    return undefined;
  }
}

export function isOldGo(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_GO.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/** A Go environment that only the go.mod decides over, whatever the user has set for their own projects. */
export const goEnvironment = (cgo: boolean) => ({ GOFLAGS: '', GOWORK: 'off', GOOS: undefined, GOARCH: undefined, CGO_ENABLED: cgo ? '1' : '0' });
