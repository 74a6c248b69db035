import { BASE16_KEYS, type Base16Palette, type Base16Scheme } from './base16.ts'

const scheme = (name: string, variant: 'light' | 'dark', colors: string): Base16Scheme => {
  const values = colors.split(' ')
  return {
    name,
    variant,
    palette: Object.fromEntries(BASE16_KEYS.map((key, i) => [key, `#${values[i]}`])) as Base16Palette,
  }
}

/** The schemes that come with the app: the palettes' published values, base00 to base0F. */
export const BASE16_SCHEMES: readonly Base16Scheme[] = [
  scheme(
    'Default Dark',
    'dark',
    '181818 282828 383838 585858 b8b8b8 d8d8d8 e8e8e8 f8f8f8 ab4642 dc9656 f7ca88 a1b56c 86c1b9 7cafc2 ba8baf a16946',
  ),
  scheme(
    'Solarized Light',
    'light',
    'fdf6e3 eee8d5 93a1a1 839496 657b83 586e75 073642 002b36 dc322f cb4b16 b58900 859900 2aa198 268bd2 6c71c4 d33682',
  ),
  scheme(
    'Solarized Dark',
    'dark',
    '002b36 073642 586e75 657b83 839496 93a1a1 eee8d5 fdf6e3 dc322f cb4b16 b58900 859900 2aa198 268bd2 6c71c4 d33682',
  ),
  scheme(
    'Gruvbox Dark',
    'dark',
    '282828 3c3836 504945 665c54 bdae93 d5c4a1 ebdbb2 fbf1c7 fb4934 fe8019 fabd2f b8bb26 8ec07c 83a598 d3869b d65d0e',
  ),
  scheme(
    'Gruvbox Light',
    'light',
    'fbf1c7 ebdbb2 d5c4a1 bdae93 665c54 504945 3c3836 282828 9d0006 af3a03 b57614 79740e 427b58 076678 8f3f71 d65d0e',
  ),
  scheme(
    'Nord',
    'dark',
    '2e3440 3b4252 434c5e 4c566a d8dee9 e5e9f0 eceff4 8fbcbb bf616a d08770 ebcb8b a3be8c 88c0d0 81a1c1 b48ead 5e81ac',
  ),
  scheme(
    'Tokyo Night',
    'dark',
    '1a1b26 16161e 2f3549 444b6a 787c99 a9b1d6 cbccd1 d5d6db f7768e ff9e64 e0af68 9ece6a 7dcfff 7aa2f7 bb9af7 d18616',
  ),
  scheme(
    'Catppuccin Mocha',
    'dark',
    '1e1e2e 181825 313244 45475a 585b70 cdd6f4 f5e0dc b4befe f38ba8 fab387 f9e2af a6e3a1 94e2d5 89b4fa cba6f7 f2cdcd',
  ),
  scheme(
    'Catppuccin Latte',
    'light',
    'eff1f5 e6e9ef ccd0da bcc0cc acb0be 4c4f69 dc8a78 7287fd d20f39 fe640b df8e1d 40a02b 179299 1e66f5 8839ef dd7878',
  ),
]
