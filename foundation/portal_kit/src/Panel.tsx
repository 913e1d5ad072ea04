import { Button, type ButtonProps } from 'antd'
import { useId, type ReactNode } from 'react'
import { useHref, useLinkClickHandler } from 'react-router'

export function PageHeader({ title, note, actions }: { title: ReactNode; note?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="page-header">
      <div>
        <h1>{title}</h1>
        {note && <div className="page-note">{note}</div>}
      </div>
      {actions && <div className="actions">{actions}</div>}
    </div>
  )
}

type PanelProps = { title: ReactNode; extra?: ReactNode; children: ReactNode; flush?: boolean; className?: string }

/** A titled surface; `flush` lets lists and tables touch its edges. */
export function Panel({ title, extra, children, flush = false, className = '' }: PanelProps) {
  const id = useId()
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        {extra}
      </div>
      <div className={flush ? 'panel-flush' : 'panel-body'}>{children}</div>
    </section>
  )
}

/** Why there is nothing here, and the one next step. */
export function EmptyState({ title, hint, action }: { title: string; hint?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty-state">
      <p className="empty-title">{title}</p>
      {hint && <div className="empty-hint">{hint}</div>}
      {action && <div className="empty-action">{action}</div>}
    </div>
  )
}

/** A button that is a real link: opens in a new tab, shows its address, and still routes inside the page. */
export function LinkButton({ to, ...rest }: { to: string } & Omit<ButtonProps, 'href' | 'onClick'>) {
  const href = useHref(to)
  const onClick = useLinkClickHandler<HTMLAnchorElement>(to)
  return <Button {...rest} href={href} onClick={onClick as unknown as NonNullable<ButtonProps['onClick']>} />
}

export type Fact = { label: string; value: ReactNode }

/** Names and values in aligned columns. */
export function Facts({ items }: { items: Fact[] }) {
  return (
    <dl className="facts">
      {items.map((item) => (
        <div key={item.label}>
          <dt>{item.label}</dt>
          <dd>{item.value ?? <span className="muted">–</span>}</dd>
        </div>
      ))}
    </dl>
  )
}
