import { DownOutlined } from '@ant-design/icons'
import { useState } from 'react'
import { Link, useLocation } from 'react-router'

/** `also` is a further path below which the item counts as the current one; `end` counts the path alone. */
export type NavItem = { to: string; label: string; badge?: number; also?: string; end?: boolean }

/** Pages that belong together, under one name. */
export type NavGroup = { label: string; items: NavItem[] }

export type NavEntry = NavItem | NavGroup

export const isGroup = (entry: NavEntry): entry is NavGroup => 'items' in entry

function covers(item: NavItem, pathname: string): boolean {
  if (item.also && pathname.startsWith(item.also)) return true
  if (item.end || item.to === '/') return pathname === item.to
  return pathname === item.to || pathname.startsWith(`${item.to}/`)
}

/** The item whose page is shown: the most specific one. */
export function currentItem(nav: NavEntry[], pathname: string): NavItem | undefined {
  return nav
    .flatMap((entry) => (isGroup(entry) ? entry.items : [entry]))
    .filter((item) => covers(item, pathname))
    .sort((one, other) => one.to.length - other.to.length)
    .at(-1)
}

function Badge({ count }: { count: number }) {
  if (!count) return null
  return (
    <span className="nav-badge">
      {count > 99 ? '99+' : count}
      <span className="visually-hidden"> waiting</span>
    </span>
  )
}

function ItemLink({ item, current }: { item: NavItem; current: boolean }) {
  return (
    <Link to={item.to} className={current ? 'active' : ''} {...(current && { 'aria-current': 'page' as const })}>
      <span className="nav-label">{item.label}</span>
      <Badge count={item.badge ?? 0} />
    </Link>
  )
}

/** A few pages, beside each other in the bar. */
export function BarNav({ nav }: { nav: NavItem[] }) {
  const { pathname } = useLocation()
  const current = currentItem(nav, pathname)
  return (
    <nav className="shell-nav" aria-label="Main">
      {nav.map((item) => (
        <ItemLink key={item.to} item={item} current={item === current} />
      ))}
    </nav>
  )
}

const CLOSED_GROUPS = 'punctual.closed-groups'

function keptClosed(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(CLOSED_GROUPS) ?? '[]')
    return Array.isArray(kept) ? kept.map(String) : []
  } catch {
    // Somebody else's text under our name: as if nothing had been kept.
    return []
  }
}

type GroupProps = { group: NavGroup; current: NavItem | undefined; open: boolean; onToggle: () => void }

/** A heading that folds its links away; what waits inside stays visible on the heading. */
function Group({ group, current, open, onToggle }: GroupProps) {
  const id = `nav-${group.label.toLowerCase().replace(/[^a-z]+/g, '-')}`
  const waiting = group.items.reduce((sum, item) => sum + (item.badge ?? 0), 0)
  return (
    <div className="nav-group">
      <button type="button" aria-expanded={open} aria-controls={id} onClick={onToggle}>
        {group.label}
        {!open && <Badge count={waiting} />}
        <DownOutlined aria-hidden="true" className={open ? '' : 'nav-closed'} />
      </button>
      <ul id={id} hidden={!open} aria-label={group.label}>
        {group.items.map((item) => (
          <li key={item.to}>
            <ItemLink item={item} current={item === current} />
          </li>
        ))}
      </ul>
    </div>
  )
}

/** All pages in groups, one under the other. The group of the page shown is open whatever was folded away. */
export function GroupedNav({ nav }: { nav: NavEntry[] }) {
  const { pathname } = useLocation()
  const [closed, setClosed] = useState(keptClosed)
  const current = currentItem(nav, pathname)
  const toggle = (label: string) => {
    const next = closed.includes(label) ? closed.filter((other) => other !== label) : [...closed, label]
    localStorage.setItem(CLOSED_GROUPS, JSON.stringify(next))
    setClosed(next)
  }
  return (
    <nav className="grouped-nav" aria-label="Main">
      {nav.map((entry) =>
        isGroup(entry) ? (
          <Group
            key={entry.label}
            group={entry}
            current={current}
            open={!closed.includes(entry.label) || entry.items.some((item) => item === current)}
            onToggle={() => toggle(entry.label)}
          />
        ) : (
          <ItemLink key={entry.to} item={entry} current={entry === current} />
        ),
      )}
    </nav>
  )
}
