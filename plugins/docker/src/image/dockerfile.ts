import { TOOLS_PLACE } from '../container/arguments.ts'
import type { Program } from './programs.ts'

/** Debian's packages of the image. */
const DEBIAN = [
  ...['bubblewrap', 'ca-certificates', 'curl', 'git', 'less', 'openssh-client', 'passwd', 'procps'],
  ...['ripgrep', 'socat', 'tini', 'unzip', 'xz-utils'],
]
/** Where Debian has them. */
const IF_THERE = ['gh']

/** Which files of a package are programs, by the name they get. */
const EXECUTABLES = {
  node: { node: 'package/bin/node' },
  claude: { claude: 'package/claude' },
  npm: { npm: 'package/bin/npm-cli.js', npx: 'package/bin/npx-cli.js' },
} as const

export interface ImageContent {
  from: string
  programs: readonly Program[]
  /** Debian packages; the usual ones unless given, none where the base has all. */
  debian?: readonly string[]
}

/**
 * The image's Dockerfile. It needs no BuildKit: docker.io of Debian 12 has none. Programs are below one folder, with links, so that a
 * container of another image can be lent that folder.
 */
export function dockerfile({ from, programs, debian = DEBIAN }: ImageContent): string {
  const links = programs.flatMap(({ name }) =>
    Object.entries(EXECUTABLES[name]).map(([program, path]) => ({ program, target: `../${name}/${path}` })),
  )
  return `FROM ${from}
USER root
${debian.length > 0 ? installed(debian.join(' ')) : ''}RUN useradd --uid 1000 --user-group --create-home --shell /bin/bash skein
${programs.map(placed).join('\n')}
RUN mkdir -p ${TOOLS_PLACE}/bin /usr/local/bin && cd ${TOOLS_PLACE}/bin && \\
${links.map(({ program, target }) => `    ln -s ${target} ${program} && ln -s ${TOOLS_PLACE}/bin/${program} /usr/local/bin/${program} && \\`).join('\n')}
    node --version && claude --version
ENV LANG=C.UTF-8
USER skein
WORKDIR /home/skein
`
}

/** Nothing is asked of Debian's mirror where the base has all. */
function installed(packages: string): string {
  return `RUN if dpkg-query --show --showformat='\${db:Status-Status}\\n' ${packages} 2>&1 | grep -qvx installed; then \\
      export DEBIAN_FRONTEND=noninteractive && apt-get update && \\
      extra=$(apt-cache --names-only search '^(${IF_THERE.join('|')})$' | cut -d' ' -f1) && \\
      apt-get install --yes --no-install-recommends ${packages} $extra && \\
      rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb; \\
    fi
`
}

/** An archive is unpacked by being added. */
function placed({ name, file, archive }: Program): string {
  if (archive) return `ADD ${file} ${TOOLS_PLACE}/${name}/`
  const [path] = Object.values(EXECUTABLES[name])
  return `COPY ${file} ${TOOLS_PLACE}/${name}/${path}`
}
