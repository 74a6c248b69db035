import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { claudeExecutable, type SshdUnderTest, startSshd, temporaryFolder } from '@skein/testkit'

export interface SshHost extends AsyncDisposable {
  sshd: SshdUnderTest
}

/** A host that never saw Skein, behind a real sshd; who logs in finds git and claude, and has no key of any model. */
export async function sshHost(options: { withJump?: boolean } = {}): Promise<SshHost> {
  const folder = await temporaryFolder('host')
  const path = [dirname(claudeExecutable()), dirname(process.execPath), process.env.PATH].join(':')
  const sshd = await startSshd({ folder: folder.path, login: { path, env: { IS_SANDBOX: '1' } }, ...options })
  await mkdir(sshd.home, { recursive: true })
  await writeFile(join(sshd.home, '.profile'), `export PATH='${path}'\n`)
  await writeFile(join(sshd.home, '.gitconfig'), '[user]\n\tname = There\n\temail = there@example.com\n')
  return {
    sshd,
    async [Symbol.asyncDispose]() {
      await sshd[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
