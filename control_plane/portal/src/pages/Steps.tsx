import { Age, Chip, durationText } from '@punctual/portal-kit'
import type { Step } from '../api/types.ts'
import { StepChip, stepName } from '../words.tsx'

/** The steps in the order in which they run; the first that is not done is where things stand. */
export function Steps({ steps }: { steps: Step[] }) {
  const current = steps.findIndex((step) => step.state !== 'ok')
  return (
    <ol className="steps">
      {steps.map((step, index) => (
        <li key={step.name} className={`step step-${step.state}`} aria-current={index === current ? 'step' : undefined}>
          <span className="step-mark" aria-hidden="true">
            {step.state === 'ok' ? '✓' : step.state === 'failed' ? '!' : index + 1}
          </span>
          <div className="step-body">
            <div className="step-line">
              <h3>{stepName(step.name)}</h3>
              {step.state === 'pending' && index > current ? (
                <Chip tone="idle">Waiting</Chip>
              ) : (
                <StepChip state={step.state} />
              )}
            </div>
            {step.message && <p className="step-message">{step.message}</p>}
            {step.advice && step.state !== 'ok' && <p className="step-advice">What to do: {step.advice}</p>}
          </div>
          <div className="step-numbers">
            <span>{step.duration_ms === null ? '' : durationText(step.duration_ms)}</span>
            <span>{step.attempts > 1 ? `${step.attempts} attempts` : ''}</span>
            <span>{step.checked_at && <Age at={step.checked_at} />}</span>
          </div>
        </li>
      ))}
    </ol>
  )
}
