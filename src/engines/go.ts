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

/** A Go environment that only the go.mod decides over, whatever the user has set for their own projects. */
export const goEnvironment = (cgo: boolean) => ({ GOFLAGS: '', GOWORK: 'off', GOOS: undefined, GOARCH: undefined, CGO_ENABLED: cgo ? '1' : '0' });
