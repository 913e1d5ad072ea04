import { DownOutlined, MenuOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useEffect, useId, useRef, useState } from 'react'
import { NavLink, useLocation } from 'react-router'
import { useMedia } from './useMedia.ts'

/** `also` is a further path below which the item counts as the current one; `end` counts the path alone. */
export type NavItem = { to: string; label: string; badge?: number; also?: string; end?: boolean }

/** Pages that belong together, behind one name, so that the header stays short. */
export type NavGroup = { label: string; items: NavItem[] }

export type NavEntry = NavItem | NavGroup

const isGroup = (entry: NavEntry): entry is NavGroup => 'items' in entry

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

function ItemLink({ item, pathname }: { item: NavItem; pathname: string }) {
  const current = covers(item, pathname)
  return (
    <NavLink to={item.to} end={item.end ?? item.to === '/'} className={current ? 'active' : ''}>
      {item.label}
      {item.badge ? (
        <span className="nav-badge" aria-label={`${item.badge} waiting`}>
          {item.badge}
        </span>
      ) : null}
    </NavLink>
  )
}

/** A button that discloses links: plain links in a list, so that Tab, Enter and middle click work as everywhere. */
function GroupMenu({ group, pathname }: { group: NavGroup; pathname: string }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => setOpen(false), [pathname])
  useEffect(() => {
    if (!open) return
    const away = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false)
    }
    document.addEventListener('pointerdown', away)
    document.addEventListener('focusin', away)
    return () => {
      document.removeEventListener('pointerdown', away)
      document.removeEventListener('focusin', away)
    }
  }, [open])
  const current = group.items.some((item) => covers(item, pathname))
  return (
    <div
      className="nav-group"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return
        setOpen(false)
        button.current?.focus()
      }}
    >
      <button
        type="button"
        ref={button}
        className={current ? 'active' : ''}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {group.label} <DownOutlined aria-hidden="true" />
      </button>
      <ul id={id} className="nav-list" hidden={!open} aria-label={group.label}>
        {group.items.map((item) => (
          <li key={item.to} onClick={() => setOpen(false)}>
            <ItemLink item={item} pathname={pathname} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function Entries({ nav, pathname }: { nav: NavEntry[]; pathname: string }) {
  return nav.map((entry) =>
    isGroup(entry) ? (
      <GroupMenu key={entry.label} group={entry} pathname={pathname} />
    ) : (
      <ItemLink key={entry.to} item={entry} pathname={pathname} />
    ),
  )
}

/** Everything in one list under the bar: a phone has no room for names beside each other. */
function FoldedNav({ nav, pathname }: { nav: NavEntry[]; pathname: string }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  useEffect(() => setOpen(false), [pathname])
  return (
    <>
      <Button
        type="text"
        className="nav-fold"
        icon={<MenuOutlined />}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {currentItem(nav, pathname)?.label ?? 'Menu'}
      </Button>
      <nav id={id} className="nav-folded" aria-label="Main" hidden={!open} onClick={() => setOpen(false)}>
        {nav.map((entry) =>
          isGroup(entry) ? (
            <section key={entry.label}>
              <h2>{entry.label}</h2>
              {entry.items.map((item) => (
                <ItemLink key={item.to} item={item} pathname={pathname} />
              ))}
            </section>
          ) : (
            <ItemLink key={entry.to} item={entry} pathname={pathname} />
          ),
        )}
      </nav>
    </>
  )
}

export function MainNav({ nav }: { nav: NavEntry[] }) {
  const { pathname } = useLocation()
  const phone = useMedia('(max-width: 767px)')
  if (phone && nav.some(isGroup)) return <FoldedNav nav={nav} pathname={pathname} />
  return (
    <nav className="shell-nav" aria-label="Main">
      <Entries nav={nav} pathname={pathname} />
    </nav>
  )
}
