import { CloseOutlined, MenuOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useLocation } from 'react-router'
import { GroupedNav, type NavEntry } from './MainNav.tsx'
import { useMedia } from './useMedia.ts'

const FOLDED = 'punctual.menu-folded'

/** The browser's own modal dialog: it keeps the focus inside, closes on Esc and gives the focus back. */
function Drawer({ open, onClose, children }: { open: boolean; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current
    if (!element || element.open === open) return
    if (open) element.showModal()
    else element.close()
  }, [open])
  return (
    <dialog
      ref={dialog}
      id="side-menu"
      className="nav-drawer"
      aria-label="Menu"
      onClose={onClose}
      onClick={(event) => {
        // The dialog itself is hit only where its content is not: on the backdrop. A link closes it before the next
        // page comes, so that the focus goes back first and then to that page.
        const onLink = event.target instanceof Element && event.target.closest('a') !== null
        if (onLink || event.target === event.currentTarget) event.currentTarget.close()
      }}
    >
      <div className="nav-drawer-body">
        <Button
          type="text"
          className="nav-drawer-close"
          icon={<CloseOutlined />}
          aria-label="Close the menu"
          onClick={onClose}
        />
        {children}
      </div>
    </dialog>
  )
}

/**
 * The grouped menu: beside the page where there is room (and it can be folded away, which this browser remembers),
 * a drawer on small windows. Returns the button that opens and closes it, and the menu itself.
 */
export function useSideMenu(nav: NavEntry[]): { button: ReactNode; menu: ReactNode } {
  const { pathname } = useLocation()
  const roomy = useMedia('(min-width: 1024px)')
  const [folded, setFolded] = useState(() => localStorage.getItem(FOLDED) === 'yes')
  const [drawn, setDrawn] = useState(false)
  useEffect(() => setDrawn(false), [pathname, roomy])

  const open = roomy ? !folded : drawn
  const toggle = () => {
    if (!roomy) {
      setDrawn(true)
      return
    }
    localStorage.setItem(FOLDED, folded ? 'no' : 'yes')
    setFolded(!folded)
  }
  const button = (
    <Button
      type="text"
      className="menu-button"
      icon={<MenuOutlined />}
      aria-label={roomy && !folded ? 'Hide the menu' : 'Show the menu'}
      aria-expanded={open}
      aria-controls="side-menu"
      onClick={toggle}
    />
  )
  const menu = roomy ? (
    <div id="side-menu" className="side-menu" hidden={folded}>
      <GroupedNav nav={nav} />
    </div>
  ) : (
    <Drawer open={drawn} onClose={() => setDrawn(false)}>
      <GroupedNav nav={nav} />
    </Drawer>
  )
  return { button, menu }
}
