import { EDITORS } from '../changes/editor-links.ts'
import { useShortcuts } from '../keys/use-shortcut.ts'
import { Kbd } from '../ui/kbd.tsx'
import { Switch } from '../ui/switch.tsx'
import { Appearance } from './appearance.tsx'
import { BrowserSettings } from './browser-settings.tsx'
import { NoticeSettings } from './notice-settings.tsx'
import { NumberField } from './number-field.tsx'
import { usePreferences } from './preferences.ts'
import { Section, SettingRow } from './section.tsx'

const SECTIONS = [
  { id: 'appearance', title: 'Appearance' },
  { id: 'notifications', title: 'Notifications' },
  { id: 'terminals', title: 'Terminals' },
  { id: 'editor', title: 'Editor' },
  { id: 'browsers', title: 'Browsers' },
  { id: 'keyboard', title: 'Keyboard' },
]

/** What a person prefers, kept in this browser. */
export function SettingsPage() {
  return (
    <div className="h-full overflow-y-auto px-4 py-6 md:px-8">
      <div className="mx-auto flex max-w-4xl gap-10">
        <nav aria-label="Settings" className="sticky top-0 w-36 shrink-0 self-start max-md:hidden">
          <ul className="space-y-0.5">
            {SECTIONS.map(({ id, title }) => (
              <li key={id}>
                <a
                  href={`#${id}`}
                  className="block rounded-md px-2.5 py-1.5 text-muted hover:bg-hover hover:text-foreground"
                >
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div className="min-w-0 flex-1 pb-16">
          <h1 className="font-semibold text-xl">Settings</h1>
          <p className="mt-1 text-muted">What you choose here is kept in this browser.</p>
          <Appearance />
          <NoticeSettings />
          <TerminalSettings />
          <EditorSettings />
          <BrowserSettings />
          <KeyboardList />
        </div>
      </div>
    </div>
  )
}

function TerminalSettings() {
  const { terminal, setTerminal } = usePreferences()
  return (
    <Section id="terminals" title="Terminals">
      <SettingRow label="Font size" hint="Pixels">
        {(props) => (
          <NumberField
            {...props}
            min={8}
            max={32}
            value={terminal.fontSize}
            onChange={(fontSize) => setTerminal({ fontSize })}
          />
        )}
      </SettingRow>
      <SettingRow label="Lines kept above the screen">
        {(props) => (
          <NumberField
            {...props}
            min={100}
            max={100_000}
            step={1000}
            value={terminal.scrollback}
            onChange={(scrollback) => setTerminal({ scrollback })}
          />
        )}
      </SettingRow>
      <SettingRow label="Copy what is selected" hint="Selecting text puts it on the clipboard at once.">
        {(props) => (
          <Switch
            {...props}
            checked={terminal.copyOnSelect}
            onCheckedChange={(copyOnSelect) => setTerminal({ copyOnSelect })}
          />
        )}
      </SettingRow>
      <SettingRow label="For screen readers" hint="Output is read out as it comes. Costs some speed.">
        {(props) => (
          <Switch
            {...props}
            checked={terminal.screenReader}
            onCheckedChange={(screenReader) => setTerminal({ screenReader })}
          />
        )}
      </SettingRow>
    </Section>
  )
}

function EditorSettings() {
  const { editor, setEditor } = usePreferences()
  return (
    <Section id="editor" title="Editor">
      <SettingRow label="Open files in" hint="Also by ssh, where a workspace is on another machine.">
        {(props) => (
          <select
            {...props}
            value={editor}
            onChange={(event) => {
              const chosen = EDITORS.find(({ id }) => id === event.target.value)
              if (chosen) setEditor(chosen.id)
            }}
            className="field py-1 text-sm"
          >
            {EDITORS.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
      </SettingRow>
    </Section>
  )
}

/** What keys do here and now; each page adds its own. */
function KeyboardList() {
  const shortcuts = useShortcuts()
  const groups = Map.groupBy(
    shortcuts.filter((shortcut) => shortcut.keys !== undefined),
    (shortcut) => shortcut.group,
  )
  return (
    <Section id="keyboard" title="Keyboard">
      <p className="py-2 text-muted text-sm">
        Every page has keys of its own: press <Kbd keys="?" /> there to see them.
      </p>
      {[...groups].map(([group, entries]) => (
        <div key={group} className="py-2">
          <h3 className="mb-1 font-medium text-sm">{group}</h3>
          <ul>
            {entries.map(({ id, label, keys }) => (
              <li key={id} className="flex items-center justify-between gap-4 py-1 text-sm">
                <span className="text-muted">{label}</span>
                {keys && <Kbd keys={keys} />}
              </li>
            ))}
          </ul>
        </div>
      ))}
      <div className="py-2">
        <h3 className="mb-1 font-medium text-sm">In a terminal</h3>
        <ul>
          {TERMINAL_KEYS.map(([label, keys]) => (
            <li key={keys} className="flex items-center justify-between gap-4 py-1 text-sm">
              <span className="text-muted">{label}</span>
              <Kbd keys={keys} />
            </li>
          ))}
        </ul>
      </div>
    </Section>
  )
}

const TERMINAL_KEYS = [
  ['Leave the terminal', 'ctrl+shift+escape'],
  ['Leave the terminal, where the system takes that key', 'shift+f6'],
  ['Find', 'ctrl+shift+f'],
  ['Copy', 'ctrl+shift+c'],
  ['Paste', 'ctrl+shift+v'],
] as const
