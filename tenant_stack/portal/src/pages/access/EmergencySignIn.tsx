import { asProblem } from '@punctual/portal-kit'
import { Button, Form, Input } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import './access.css'

type Entered = { name: string; password: string; code: string }

/** The way in when the provider does not answer; closed until somebody asks for it. */
export function EmergencySignIn() {
  const [open, setOpen] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState('')
  const enter = async (entered: Entered) => {
    setBusy(true)
    setRefusal('')
    try {
      await api.post('/auth/break-glass', { body: entered })
      location.assign('/')
    } catch (error) {
      setRefusal(asProblem(error).detail)
      setBusy(false)
    }
  }
  if (!open) {
    return (
      <Button type="link" block onClick={() => setOpen(true)}>
        The provider does not answer?
      </Button>
    )
  }
  return (
    <Form<Entered>
      layout="vertical"
      className="emergency"
      requiredMark={false}
      disabled={busy}
      onFinish={(values) => void enter(values)}
    >
      <p className="sign-in-note">Emergency sign-in, for the owner who set it up. It lasts an hour, and is reported.</p>
      <div role="alert">{refusal && <p className="sign-in-message">{refusal}</p>}</div>
      <Form.Item name="name" label="Name" rules={[{ required: true, message: 'Enter the name' }]}>
        <Input autoComplete="username" maxLength={64} />
      </Form.Item>
      <Form.Item name="password" label="Password" rules={[{ required: true, message: 'Enter the password' }]}>
        <Input.Password autoComplete="current-password" maxLength={200} />
      </Form.Item>
      <Form.Item
        name="code"
        label="Code"
        rules={[{ required: true, message: 'Enter the code' }]}
        extra="Of the authenticator, or a recovery code."
      >
        <Input autoComplete="one-time-code" maxLength={64} />
      </Form.Item>
      <Button htmlType="submit" block loading={busy}>
        Come in
      </Button>
    </Form>
  )
}
