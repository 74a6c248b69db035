import type { Found } from './known-secrets.ts'

interface SecretPattern {
  /** Literal beginnings; a text that ends within one may go on as a secret. */
  begins: string[]
  /** The whole. What the group `lead` holds is shown, the rest is redacted. Every repetition is bounded. */
  whole: string
  /** What may be seen of it before `whole` matches, up to the end of the text. */
  open: string
}

// A key between its marks: with line breaks as they are or escaped, quoted, concatenated, with a listing's or a diff's margins.
const KEY_TEXT = String.raw`[A-Za-z0-9+/=:,"'\s\\→|>-]`
// Without an end mark only what goes on like a key.
const KEY_LINE = String.raw`(?:\s|\\{1,3}[nrt]){1,24}(?:\d{1,7}[\s→:|]{1,4}|[+>|-]\s?)?[A-Za-z0-9+/=]{16,8192}`
const HEADER = '(?:[Aa]uthorization|AUTHORIZATION|[Xx]-[Aa]pi-[Kk]ey|X-API-KEY|[Pp]rivate-[Tt]oken|PRIVATE-TOKEN)'
const QUOTE = String.raw`(?:\\{0,3}["'])?`
const SCHEME = String.raw`(?:(?:[Bb]earer|[Bb]asic|[Tt]oken|BEARER|BASIC|TOKEN)\s{1,8})?`

const PATTERNS: SecretPattern[] = [
  { begins: ['sk-ant-'], whole: String.raw`sk-ant-[\w-]{16,1024}`, open: String.raw`sk-ant-[\w-]{0,16}` },
  {
    begins: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    whole: '(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,512}',
    open: 'gh[pousr]_[A-Za-z0-9]{0,20}',
  },
  { begins: ['github_pat_'], whole: String.raw`github_pat_\w{20,512}`, open: String.raw`github_pat_\w{0,20}` },
  { begins: ['glpat-'], whole: String.raw`glpat-[\w.-]{16,512}`, open: String.raw`glpat-[\w.-]{0,16}` },
  { begins: ['AKIA', 'ASIA'], whole: '(?:AKIA|ASIA)[A-Z0-9]{16}', open: 'A[KS]IA[A-Z0-9]{0,16}' },
  { begins: ['xox'], whole: 'xox[abeoprs]-[A-Za-z0-9-]{10,512}', open: 'xox(?:[abeoprs](?:-[A-Za-z0-9-]{0,10})?)?' },
  {
    // A JWT: header and payload are JSON objects, so both begin with the base64 of `{"`.
    begins: ['eyJ'],
    whole: String.raw`eyJ[\w-]{8,2048}\.eyJ[\w-]{8,8192}(?:\.[\w-]{0,2048})?`,
    open: String.raw`eyJ[\w-]{0,2048}(?:\.(?:e(?:y(?:J[\w-]{0,8})?)?)?)?`,
  },
  {
    begins: ['-----BEGIN'],
    whole: `-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:${KEY_TEXT}{16,16384}?-----END [A-Z ]{0,40}PRIVATE KEY-----|(?:${KEY_LINE}){1,256})`,
    open: `-----BEGIN[A-Z ]{0,52}(?:-{1,5}${KEY_TEXT}{0,16384})?`,
  },
  {
    begins: [
      'Authorization',
      'authorization',
      'AUTHORIZATION',
      'X-Api-Key',
      'x-api-key',
      'X-API-KEY',
      'Private-Token',
      'private-token',
      'PRIVATE-TOKEN',
    ],
    whole: String.raw`(?<header>${HEADER}${QUOTE}\s{0,8}[:=]\s{0,8}${QUOTE}${SCHEME})(?!process\.|os\.|env\.)[A-Za-z0-9+/=._~:-]{8,4096}`,
    open: String.raw`${HEADER}${QUOTE}\s{0,8}(?:[:=]\s{0,8}${QUOTE}(?:[A-Za-z]{1,6}\s{1,8})?[A-Za-z0-9+/=._~:-]{0,8})?`,
  },
  {
    begins: ['://'],
    whole: String.raw`(?<userinfo>:\/\/[^\s/:@"'<>]{0,128}:)(?![$<{[%])[^\s/@"'<>]{3,256}(?=@)`,
    open: String.raw`:\/\/[^\s/@"'<>]{0,400}`,
  },
]

const WHOLE = new RegExp(PATTERNS.map(({ whole }) => whole).join('|'), 'g')
const OPEN = new RegExp(`(?:${PATTERNS.map(({ open }) => open).join('|')})$`)
const BEGINNINGS = new Set(PATTERNS.flatMap(({ begins }) => begins.flatMap(properPrefixes)))
const LONGEST_BEGINNING = Math.max(...[...BEGINNINGS].map(({ length }) => length))
/** No pattern's `open` is longer. */
const LONGEST_OPEN = 16_500

/** Finds what looks like a secret, whoever's it is. */
export function findPatterns(text: string): Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(WHOLE)) {
    const lead = match.groups?.header ?? match.groups?.userinfo ?? ''
    found.push({ from: match.index, start: match.index + lead.length, end: match.index + match[0].length })
  }
  return found
}

/** Where the end of the text begins that could be the beginning of such a secret; the text's length if none could. */
export function openPatternEnd(text: string): number {
  const tail = Math.max(0, text.length - LONGEST_OPEN)
  const open = OPEN.exec(text.slice(tail))
  if (open) return tail + open.index
  for (let start = Math.max(0, text.length - LONGEST_BEGINNING); start < text.length; start++)
    if (BEGINNINGS.has(text.slice(start))) return start
  return text.length
}

function properPrefixes(literal: string): string[] {
  return Array.from(literal.slice(1), (_, index) => literal.slice(0, index + 1))
}
