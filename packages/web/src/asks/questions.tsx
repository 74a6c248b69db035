import { useImperativeHandle, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { CommentField } from './comment-field.tsx'
import { FormAsk } from './form-ask.tsx'
import { type AskBodyProps, denial } from './permission.tsx'
import { Question } from './question.tsx'
import { answersOf, answerText, type Choice, choose, NO_CHOICE } from './question-form.ts'

/** All questions of an ask, answered together; or a form, where an MCP server asks. */
export function Questions(props: AskBodyProps) {
  return props.ask.questions === undefined || props.ask.questions.length === 0 ? (
    <FormAsk {...props} />
  ) : (
    <QuestionList {...props} />
  )
}

function QuestionList({ keys, ask, pending, onAnswer, onLeave }: AskBodyProps) {
  const questions = ask.questions ?? []
  const [choices, setChoices] = useState<ReadonlyMap<string, Choice>>(new Map())
  const [at, setAt] = useState(0)
  const [missing, setMissing] = useState<string>()
  const [comment, setComment] = useState('')
  const [declining, setDeclining] = useState(false)
  const current = questions[at]

  const set = (question: string, choice: Choice) => {
    setChoices(new Map(choices).set(question, choice))
    if (missing === question) setMissing(undefined)
  }
  const answer = () => {
    const found = answersOf(questions, choices)
    if ('answers' in found) return onAnswer({ type: 'answers', answers: found.answers })
    setMissing(found.missing)
    setAt(questions.findIndex(({ question }) => question === found.missing))
  }
  /** A choice of one leads to the next question that is open. */
  const digit = (number: number) => {
    const option = current?.options[number - 1]
    if (!current || !option) return
    const choice = choose(choices.get(current.question) ?? NO_CHOICE, current, option.label)
    set(current.question, choice)
    if (current.multiSelect) return
    const open = questions.findIndex(
      (each) => each !== current && answerText(choices.get(each.question) ?? NO_CHOICE, each) === undefined,
    )
    if (open !== -1) setAt(open)
  }
  useImperativeHandle(keys, () => ({
    ...{ digit, yes: answer, enter: answer },
    ...{ no: () => onAnswer(denial(comment)), comment: () => setDeclining(true) },
  }))

  return (
    <>
      {questions.map((question, index) => (
        <Question
          key={question.question}
          question={question}
          choice={choices.get(question.question) ?? NO_CHOICE}
          onChoose={(choice) => set(question.question, choice)}
          current={index === at}
          onCurrent={() => setAt(index)}
          missing={missing === question.question}
          disabled={pending}
        />
      ))}
      {declining ? (
        <CommentField
          label="Why not, or what to do instead"
          value={comment}
          onChange={setComment}
          disabled={pending}
          submit="Decline"
          onSubmit={() => onAnswer(denial(comment))}
          onCancel={() => {
            setDeclining(false)
            onLeave()
          }}
        />
      ) : (
        <div className="flex flex-wrap items-center gap-2">
          <Button size="sm" variant="primary" disabled={pending} onClick={answer}>
            Answer{' '}
            <Kbd keys="enter" className="text-inherit max-sm:hidden [&_kbd]:border-current/30 [&_kbd]:bg-transparent" />
          </Button>
          <Button size="sm" variant="ghost" disabled={pending} onClick={() => setDeclining(true)}>
            Decline… <Kbd keys="c" className="max-sm:hidden" />
          </Button>
        </div>
      )}
    </>
  )
}
