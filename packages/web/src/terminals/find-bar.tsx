import { ChevronDown, ChevronUp, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { IconButton } from '../ui/icon-button.tsx'

interface FindBarProps {
  /** Whether it was found. */
  onFind: (text: string, direction: 'next' | 'previous') => boolean
  onClose: () => void
}

/** Finds text in a terminal's screen and scrollback. */
export function FindBar({ onFind, onClose }: FindBarProps) {
  const [text, setText] = useState('')
  const [found, setFound] = useState(true)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.focus(), [])
  const find = (wanted: string, direction: 'next' | 'previous') => setFound(onFind(wanted, direction))
  return (
    <search className="flex items-center gap-1 border-b px-2 py-1">
      <input
        ref={input}
        aria-label="Find in this terminal"
        placeholder="Find in this terminal"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          find(event.target.value, 'previous')
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') find(text, event.shiftKey ? 'next' : 'previous')
          else if (event.key === 'Escape') onClose()
          else return
          event.preventDefault()
          event.stopPropagation()
        }}
        className="field h-7 min-w-0 flex-1 text-sm"
      />
      <output className="px-1 text-muted text-xs">{text !== '' && !found ? 'Not found' : ''}</output>
      <IconButton label="Find the one before" keys="enter" onClick={() => find(text, 'previous')}>
        <ChevronUp />
      </IconButton>
      <IconButton label="Find the next one" keys="shift+enter" onClick={() => find(text, 'next')}>
        <ChevronDown />
      </IconButton>
      <IconButton label="Close" keys="escape" onClick={onClose}>
        <X />
      </IconButton>
    </search>
  )
}
