let context: AudioContext | undefined

/** Two soft notes; higher where a person is waited for. Silent where the browser allows no sound yet. */
export async function playNotice(kind: 'calm' | 'urgent' = 'calm'): Promise<void> {
  context ??= new AudioContext()
  if (!plays(context)) {
    // Without a gesture on the page this waits for one; a tone that comes minutes late would tell a lie.
    void context.resume()
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (!plays(context)) return
  }
  const notes = kind === 'urgent' ? [660, 880] : [523.25, 392]
  notes.forEach((frequency, i) => {
    if (context) playTone(context, frequency, context.currentTime + i * 0.13)
  })
}

const plays = (audio: AudioContext) => audio.state === 'running'

function playTone(audio: AudioContext, frequency: number, at: number): void {
  const oscillator = audio.createOscillator()
  const gain = audio.createGain()
  oscillator.type = 'sine'
  oscillator.frequency.value = frequency
  gain.gain.setValueAtTime(0, at)
  gain.gain.linearRampToValueAtTime(0.12, at + 0.015)
  gain.gain.exponentialRampToValueAtTime(0.0005, at + 0.32)
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(at)
  oscillator.stop(at + 0.35)
}
