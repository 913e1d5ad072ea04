import { LinkButton, Panel } from '@punctual/portal-kit'
import type { ReactNode } from 'react'
import type { Dashboard } from '../api/types.ts'
import { PushInstructions } from './ClockInstructions.tsx'

type Step = { title: string; done: boolean; body: ReactNode }

/** What to do first. Each step ticks itself from facts; the card leaves once there is nothing left to do. */
export function FirstRun({ data }: { data: Dashboard }) {
  const hasClock = data.devices.some((device) => device.status !== 'waiting_approval')
  const steps: Step[] = [
    {
      title: 'Connect a clock',
      done: hasClock,
      body:
        data.waiting_devices > 0 ? (
          <>
            <p>A clock has called and waits for you to say that it is yours.</p>
            <LinkButton type="primary" to="/devices?status=waiting_approval">
              Look and approve
            </LinkButton>
          </>
        ) : (
          <>
            <PushInstructions />
            <LinkButton type="primary" to="/devices?add=1">
              Add a clock by its serial number
            </LinkButton>
          </>
        ),
    },
    {
      title: 'Add the people who punch',
      done: data.staff_total > 0,
      body: (
        <>
          <p>Give each person an employee number, then send them to the clock.</p>
          <LinkButton type="primary" to="/staff?add=1">
            Add a person
          </LinkButton>
        </>
      ),
    },
    {
      title: 'See the first punch',
      done: data.recent.length > 0,
      body: <p>Punch once at the clock: it appears below within two seconds. Nothing to reload.</p>,
    },
  ]
  const current = steps.findIndex((step) => !step.done)
  if (current === -1) return null
  return (
    <Panel title="First steps" className="first-run">
      <ol className="first-steps">
        {steps.map((step, index) => (
          <li
            key={step.title}
            className={step.done ? 'done' : index === current ? 'current' : ''}
            aria-current={index === current ? 'step' : undefined}
          >
            <span className="first-mark" aria-hidden="true">
              {step.done ? '✓' : index + 1}
            </span>
            <div>
              <h3>
                {step.title}
                {step.done && <span className="visually-hidden"> (done)</span>}
              </h3>
              {index === current && <div className="first-body">{step.body}</div>}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  )
}
