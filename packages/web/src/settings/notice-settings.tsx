import { useState } from 'react'
import type { NoticeKind } from '../notifications/notices.ts'
import { playNotice } from '../notifications/sound.ts'
import { Button } from '../ui/button.tsx'
import { Switch } from '../ui/switch.tsx'
import { usePreferences } from './preferences.ts'
import { Section, SettingRow } from './section.tsx'

const KINDS: { kind: NoticeKind; label: string }[] = [
  { kind: 'ask', label: 'An agent asks something' },
  { kind: 'turn', label: 'An agent is done' },
  { kind: 'check', label: 'A check fails' },
  { kind: 'workspace', label: 'A workspace cannot be made' },
]

type Permission = NotificationPermission | 'unsupported'

/** Of what a person wants to hear, and how. */
export function NoticeSettings() {
  const { notices, setNotices } = usePreferences()
  const [permission, setPermission] = useState<Permission>(() =>
    'Notification' in window ? Notification.permission : 'unsupported',
  )
  // Asked for only here, on a click: browsers punish pages that ask unbidden.
  const setBrowser = async (on: boolean) => {
    if (on && permission === 'default') {
      const answer = await Notification.requestPermission()
      setPermission(answer)
      setNotices({ browser: answer === 'granted' })
    } else setNotices({ browser: on })
  }
  return (
    <Section id="notifications" title="Notifications">
      <SettingRow label="In the app">
        {(props) => <Switch {...props} checked={notices.toasts} onCheckedChange={(toasts) => setNotices({ toasts })} />}
      </SettingRow>
      <SettingRow label="By the browser" hint={BROWSER_HINTS[permission]}>
        {(props) => (
          <Switch
            {...props}
            checked={notices.browser && permission === 'granted'}
            disabled={permission === 'denied' || permission === 'unsupported'}
            onCheckedChange={(on) => void setBrowser(on)}
          />
        )}
      </SettingRow>
      <SettingRow label="A sound">
        {(props) => (
          <span className="flex items-center gap-3">
            <Button size="sm" variant="ghost" onClick={() => void playNotice('urgent')}>
              Try it
            </Button>
            <Switch {...props} checked={notices.sound} onCheckedChange={(sound) => setNotices({ sound })} />
          </span>
        )}
      </SettingRow>
      <h3 className="pt-4 pb-1 font-medium text-muted text-sm">When</h3>
      {KINDS.map(({ kind, label }) => (
        <SettingRow key={kind} label={label}>
          {(props) => (
            <Switch {...props} checked={notices[kind]} onCheckedChange={(on) => setNotices({ [kind]: on })} />
          )}
        </SettingRow>
      ))}
    </Section>
  )
}

const BROWSER_HINTS: Record<Permission, string> = {
  default: 'While you look at something else. The browser will ask you.',
  granted: 'While you look at something else.',
  denied: 'The browser blocks them for this page. Allow them in its site settings, then load the page again.',
  unsupported: 'This browser has none for pages on this address.',
}
