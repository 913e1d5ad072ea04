import {
  DesktopOutlined,
  LogoutOutlined,
  MoonOutlined,
  SettingOutlined,
  SunOutlined,
  UserOutlined,
} from '@ant-design/icons'
import { App, Button, Dropdown, Skeleton, type MenuProps } from 'antd'
import { Suspense, useEffect, useRef, type ReactNode } from 'react'
import { NavLink, Outlet, useLocation, useNavigate } from 'react-router'
import { confirmIdentity, onConfirmationWanted } from './api.ts'
import { useAppearance, type Choice } from './appearance.tsx'
import { BrandMark } from './BrandMark.tsx'
import { PageBoundary } from './ErrorPanel.tsx'
import { BarNav, currentItem, isGroup, type NavEntry, type NavItem } from './MainNav.tsx'
import { asProblem } from './problem.ts'
import { signOut } from './session.tsx'
import { useSideMenu } from './SideMenu.tsx'

type ShellProps = {
  /** The organisation's name; on the operators' console, the console's. */
  name: string
  user: { name: string; email: string }
  /** Groups make a menu beside the page; a few plain items stay in the bar. */
  nav: NavEntry[]
  /** Pages that are needed seldom, in the person's menu. */
  seldom?: { to: string; label: string }[]
  banner?: ReactNode
}

const APPEARANCES: { key: Choice; label: string; icon: ReactNode }[] = [
  { key: 'system', label: 'Follow the system', icon: <DesktopOutlined /> },
  { key: 'light', label: 'Light', icon: <SunOutlined /> },
  { key: 'dark', label: 'Dark', icon: <MoonOutlined /> },
]

export function Shell({ name, user, nav, seldom = [], banner }: ShellProps) {
  const { pathname } = useLocation()
  const navigate = useNavigate()
  const { choice, choose } = useAppearance()
  const { notification, modal } = App.useApp()
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  const grouped = nav.some(isGroup)
  const side = useSideMenu(nav)

  useEffect(() => {
    // A new page starts at its top, for eyes and for screen readers; not on the first load.
    if (first.current) {
      first.current = false
      return
    }
    window.scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  }, [pathname])

  const shown = currentItem(nav, pathname) ?? seldom.find((page) => pathname.startsWith(page.to))
  useEffect(() => {
    document.title = shown ? `${shown.label} · ${name}` : name
  }, [shown?.label, name])

  useEffect(() => {
    onConfirmationWanted(() => {
      modal.confirm({
        title: 'Confirm that it is you',
        content:
          'You signed in more than five minutes ago. Sign in again, then repeat this; you come back to this page.',
        okText: 'Sign in again',
        onOk: confirmIdentity,
      })
    })
    return () => onConfirmationWanted(null)
  }, [modal])

  const leave = () => {
    signOut().catch((error: unknown) => {
      const problem = asProblem(error)
      if (problem.status !== 401) notification.error({ title: 'Could not sign out', description: problem.detail })
    })
  }
  const menu: MenuProps = {
    selectable: true,
    selectedKeys: [choice],
    items: [
      { key: 'who', label: user.email, disabled: true },
      { type: 'divider' },
      { type: 'group', label: 'Colours', children: APPEARANCES },
      { type: 'divider' },
      ...seldom.map((page) => ({ key: page.to, label: page.label, icon: <SettingOutlined /> })),
      { key: 'leave', label: 'Sign out', icon: <LogoutOutlined /> },
    ],
    onClick: ({ key }) => {
      if (key === 'leave') leave()
      else if (key.startsWith('/')) void navigate(key)
      else choose(key as Choice)
    },
  }

  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <header className="shell-header">
        <div className={grouped ? 'shell-bar' : 'shell-bar shell-bar-flat'}>
          {grouped && side.button}
          <NavLink to="/" className="shell-brand" aria-label={`${name}, start page`}>
            <BrandMark />
            <span className="shell-name">{name}</span>
          </NavLink>
          {!grouped && <BarNav nav={nav as NavItem[]} />}
          <Dropdown menu={menu} trigger={['click']} placement="bottomRight">
            <Button type="text" className="shell-user" icon={<UserOutlined />} aria-label={`Menu of ${user.name}`}>
              <span className="shell-user-name">{user.name}</span>
            </Button>
          </Dropdown>
        </div>
      </header>
      {banner}
      <div className="shell-body">
        {grouped && side.menu}
        <main id="main" className="page" ref={main} tabIndex={-1}>
          <PageBoundary resetKey={pathname}>
            <Suspense fallback={<Skeleton active paragraph={{ rows: 6 }} />}>
              <Outlet />
            </Suspense>
          </PageBoundary>
        </main>
      </div>
    </>
  )
}

/** A line across the window for a state of the whole portal. */
export function Banner({ tone, children }: { tone: 'warn' | 'info'; children: ReactNode }) {
  return (
    <div className={`banner banner-${tone}`} role="status">
      {children}
    </div>
  )
}
