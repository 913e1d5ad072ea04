import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Checkbox, Form, Input, InputNumber, Select, Switch } from 'antd'
import type { ReactNode } from 'react'
import {
  AUTO_CLOSES,
  BASES,
  BREAK_METHODS,
  DATINGS,
  PAIRING_HOURS,
  PAIRING_MODES,
  ROUNDING_MODES,
  TARGETS,
} from './ruleWords.ts'
import { WEEKDAYS } from './lists.ts'

type Name = (string | number)[]
const needed = [{ required: true, message: 'Needed' }]

type BoxProps = { name: Name; label: string; extra?: ReactNode; unit?: string; optional?: boolean }

function NumberField({ name, label, extra, unit = 'min', optional }: BoxProps) {
  return (
    <Form.Item name={name} label={label} extra={extra} rules={optional ? [] : needed}>
      <InputNumber min={0} suffix={unit} style={{ width: '100%' }} />
    </Form.Item>
  )
}

type ChoiceProps = Omit<BoxProps, 'unit'> & { options: { value: string | number; label: string }[] }

function ChoiceField({ name, label, extra, options, optional }: ChoiceProps) {
  return (
    <Form.Item name={name} label={label} extra={extra}>
      <Select allowClear={optional ?? false} options={options} {...(optional && { placeholder: 'Nothing' })} />
    </Form.Item>
  )
}

function Section({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <fieldset className="rule-section">
      <legend>{title}</legend>
      {note && <p className="muted">{note}</p>}
      {children}
    </fieldset>
  )
}

type RowsProps = {
  name: Name
  what: string
  blank: object
  children: (index: number, label: (what: string) => string) => ReactNode
}

/** Rows of one list of rules, each removable, with a button for another. */
function RuleRows({ name, what, blank, children }: RowsProps) {
  return (
    <Form.List name={name}>
      {(fields, { add, remove }) => (
        <div className="input-rows">
          {fields.map((field, position) => (
            <div key={field.key} className="input-row rule-row">
              {children(field.name, (part) => `${part}, ${what} ${position + 1}`)}
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={`Remove ${what} ${position + 1}`}
                onClick={() => remove(field.name)}
              />
            </div>
          ))}
          <Button icon={<PlusOutlined />} onClick={() => add(structuredClone(blank))}>
            Add {what}
          </Button>
        </div>
      )}
    </Form.List>
  )
}

const Minutes = (props: object) => <InputNumber min={0} suffix="min" className="rule-minutes" {...props} />

const NEW_ROUNDING = { target: 'in', mode: 'nearest', interval_minutes: 15 }
const NEW_BREAK = { code: 'meal', method: 'deduct', steps_minutes: [[360, 30]], include_punched: true }
const NEW_TIER = { code: 'OT1', basis: 'daily', rate: '1.5', after_minutes: 480 }

/** The common rules as a form. Its values are the definition itself; what it does not show stays as it is. */
export function RuleFields() {
  return (
    <>
      <Section title="Pairing" note="How punches become stretches of work.">
        <div className="rule-grid">
          <ChoiceField name={['pairing', 'mode']} label="In and out" options={PAIRING_MODES} />
          <ChoiceField name={['pairing', 'hours']} label="Worked time is" options={PAIRING_HOURS} />
          <NumberField name={['pairing', 'longest_minutes']} label="Longest pair" />
          <NumberField name={['pairing', 'gap_minutes']} label="A new stretch after" />
          <ChoiceField
            name={['pairing', 'auto_close']}
            label="A missing out becomes"
            options={AUTO_CLOSES}
            optional
            extra="Marked as estimated."
          />
          <ChoiceField name={['dating', 'kind']} label="Work belongs to" options={DATINGS} />
        </div>
      </Section>
      <Section title="Double swipes">
        <div className="rule-grid">
          <NumberField
            name={['duplicates', 'window_seconds']}
            label="Swipes within"
            unit="s"
            extra="0: every swipe counts."
          />
          <ChoiceField
            name={['duplicates', 'keep']}
            label="Which counts"
            options={[
              { value: 'first', label: 'The first' },
              { value: 'last', label: 'The last' },
            ]}
          />
        </div>
      </Section>
      <Section title="Rounding" note="The first line that fits counts.">
        <RuleRows name={['roundings']} what="a rounding" blank={NEW_ROUNDING}>
          {(index, label) => (
            <>
              <Form.Item noStyle name={[index, 'target']}>
                <Select aria-label={label('What')} options={TARGETS} className="rule-choice" />
              </Form.Item>
              <Form.Item noStyle name={[index, 'mode']}>
                <Select aria-label={label('How')} options={ROUNDING_MODES} className="rule-choice" />
              </Form.Item>
              <Form.Item noStyle name={[index, 'interval_minutes']}>
                <Minutes aria-label={label('Step')} />
              </Form.Item>
            </>
          )}
        </RuleRows>
      </Section>
      <Section title="Breaks">
        <RuleRows name={['breaks']} what="a break rule" blank={NEW_BREAK}>
          {(index, label) => (
            <>
              <Form.Item noStyle name={[index, 'code']}>
                <Input aria-label={label('Code')} className="rule-code" maxLength={24} />
              </Form.Item>
              <Form.Item noStyle name={[index, 'method']}>
                <Select aria-label={label('How')} options={BREAK_METHODS} className="rule-choice" />
              </Form.Item>
              <Form.List name={[index, 'steps_minutes']}>
                {(steps, { add, remove }) => (
                  <div className="rule-steps">
                    {steps.map((step, position) => (
                      <span key={step.key} className="input-row">
                        <Form.Item noStyle name={[step.name, 1]}>
                          <Minutes aria-label={label(`Amount ${position + 1}`)} />
                        </Form.Item>
                        <span>when worked more than</span>
                        <Form.Item noStyle name={[step.name, 0]}>
                          <Minutes aria-label={label(`Trigger ${position + 1}`)} />
                        </Form.Item>
                        <Button
                          type="text"
                          size="small"
                          icon={<DeleteOutlined />}
                          aria-label={label(`Remove step ${position + 1}`)}
                          onClick={() => remove(step.name)}
                        />
                      </span>
                    ))}
                    <Button type="link" size="small" onClick={() => add([540, 45])}>
                      Add a step
                    </Button>
                  </div>
                )}
              </Form.List>
              <Form.Item noStyle name={[index, 'include_punched']} valuePropName="checked">
                <Checkbox>Punched breaks count</Checkbox>
              </Form.Item>
            </>
          )}
        </RuleRows>
      </Section>
      <Section title="Overtime" note="Where several fit, the highest rate counts; no minute counts twice.">
        <RuleRows name={['overtime', 'tiers']} what="an overtime tier" blank={NEW_TIER}>
          {(index, label) => (
            <>
              <Form.Item noStyle name={[index, 'code']}>
                <Input aria-label={label('Pay code')} className="rule-code" maxLength={24} />
              </Form.Item>
              <Form.Item noStyle name={[index, 'basis']}>
                <Select aria-label={label('When')} options={BASES} className="rule-choice" />
              </Form.Item>
              <Form.Item noStyle name={[index, 'after_minutes']}>
                <Minutes aria-label={label('Beyond')} />
              </Form.Item>
              <Form.Item noStyle name={[index, 'rate']}>
                <InputNumber
                  stringMode
                  min="0"
                  max="100"
                  step="0.05"
                  prefix="×"
                  aria-label={label('Rate')}
                  className="rule-rate"
                />
              </Form.Item>
            </>
          )}
        </RuleRows>
        <div className="rule-grid">
          <NumberField name={['overtime', 'minimum_minutes']} label="Least in a day" />
          <NumberField name={['overtime', 'cap_minutes']} label="Most in a day" optional extra="Empty: no limit." />
          <ChoiceField
            name={['overtime', 'week_start']}
            label="The week starts on"
            options={WEEKDAYS.map((day, value) => ({ value, label: day }))}
          />
        </div>
      </Section>
      <Section title="Late and early">
        <div className="rule-grid">
          <NumberField name={['punctuality', 'late_grace_minutes']} label="Grace in the morning" />
          <NumberField name={['punctuality', 'early_grace_minutes']} label="Grace in the evening" />
          <Form.Item name={['punctuality', 'mark_late']} label="Judge coming late" valuePropName="checked">
            <Switch />
          </Form.Item>
          <Form.Item name={['punctuality', 'mark_early']} label="Judge leaving early" valuePropName="checked">
            <Switch />
          </Form.Item>
          <Form.Item name={['punctuality', 'beyond_grace']} label="Count only beyond the grace" valuePropName="checked">
            <Switch />
          </Form.Item>
        </div>
      </Section>
      <Section title="Status">
        <div className="rule-grid">
          <NumberField
            name={['status', 'half_day_below_minutes']}
            label="Half a day below"
            optional
            extra="Empty: never."
          />
          <NumberField name={['status', 'absent_below_minutes']} label="Absent below" optional extra="Empty: never." />
        </div>
      </Section>
    </>
  )
}
