import { Alert, Button, Drawer, Form, type FormItemProps } from 'antd'
import { createContext, use, useEffect, useRef, useState, type ReactNode } from 'react'
import { asProblem, type ProblemError } from './problem.ts'

/** Form values as antd keeps them; the page's own type is put on at the border. */
type Values = Record<string, unknown>

type Props<V> = {
  open: boolean
  title: string
  submitLabel: string
  /** Width of the drawer in pixels. */
  size?: number
  initial: Partial<V>
  /** Send it. A ProblemError thrown here lands on the fields it names, or above the form. */
  onSubmit: (values: V) => Promise<void>
  onClose: () => void
  children: ReactNode | ((values: Partial<V>) => ReactNode)
}

/** Trimmed, and without what was left empty: the API reads an absent field as "none". */
function cleaned(values: Values): Values {
  const kept: Values = {}
  for (const [name, value] of Object.entries(values)) {
    const tidy = typeof value === 'string' ? value.trim() : value
    if (tidy !== '' && tidy !== undefined && tidy !== null) kept[name] = tidy
  }
  return kept
}

/** antd's own star would become part of the field's accessible name; `aria-required` already says it there. */
function starAfter(label: ReactNode, { required }: { required: boolean }): ReactNode {
  return (
    <>
      {label}
      {required && <span className="form-star" aria-hidden="true" />}
    </>
  )
}

const KnownFields = createContext<Set<string>>(new Set())

/** One labelled field. Server errors for `name` appear under it. */
export function Field({ name, ...rest }: FormItemProps & { name: string }) {
  const known = use(KnownFields)
  useEffect(() => {
    known.add(name)
    return () => void known.delete(name)
  }, [known, name])
  return <Form.Item name={name} {...rest} />
}

/** Add or edit one thing, in a drawer. */
export function ResourceForm<V extends object>(props: Props<V>) {
  const { open, title, submitLabel, initial, onSubmit, onClose, children, size = 480 } = props
  const [form] = Form.useForm<Values>()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ProblemError | null>(null)
  const [known] = useState(() => new Set<string>())
  const summary = useRef<HTMLDivElement>(null)

  useEffect(() => {
    if (problem) summary.current?.focus()
  }, [problem])

  const submit = async (values: Values) => {
    setBusy(true)
    setProblem(null)
    try {
      await onSubmit(cleaned(values) as V)
    } catch (error) {
      const refused = asProblem(error)
      form.setFields(
        refused.fields
          .filter((item) => known.has(item.field))
          .map((item) => ({ name: item.field, errors: [item.reason] })),
      )
      setProblem(refused)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Drawer
      open={open}
      title={title}
      size={size}
      destroyOnHidden
      mask={{ closable: false }}
      onClose={onClose}
      afterOpenChange={(isOpen) => {
        if (!isOpen) setProblem(null)
      }}
      footer={
        <div className="form-footer">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="primary" loading={busy} onClick={form.submit}>
            {submitLabel}
          </Button>
        </div>
      }
    >
      <KnownFields value={known}>
        <Form<Values>
          form={form}
          layout="vertical"
          requiredMark={starAfter}
          initialValues={initial}
          preserve={false}
          scrollToFirstError={{ focus: true }}
          onFinish={(values) => void submit(values)}
          disabled={busy}
        >
          {problem && (
            <div ref={summary} tabIndex={-1} className="form-summary">
              <Alert type="error" showIcon title={problem.message} description={<ProblemLines problem={problem} />} />
            </div>
          )}
          {typeof children === 'function' ? (
            <Form.Item noStyle shouldUpdate>
              {() => children(form.getFieldsValue(true) as Partial<V>)}
            </Form.Item>
          ) : (
            children
          )}
          {/* Enter in a field submits; the visible button lives in the footer, outside the form. */}
          <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
        </Form>
      </KnownFields>
    </Drawer>
  )
}

function ProblemLines({ problem }: { problem: ProblemError }) {
  const lines = problem.fields.map((item) => `${item.field.replaceAll('_', ' ')}: ${item.reason}`)
  return (
    <>
      {lines.length > 1 ? (
        <ul className="plain-list">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      ) : (
        (problem.fields[0]?.reason ?? problem.detail)
      )}
      {problem.correlationId && <div className="error-id">Correlation id {problem.correlationId}</div>}
    </>
  )
}
