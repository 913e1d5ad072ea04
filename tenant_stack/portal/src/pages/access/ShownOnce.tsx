import { App, Button, Input, Modal } from 'antd'

type Props = { title: string; note: string; text: string | null; onClose: () => void }

/** Something that is shown this once: a secret, an invitation's link. */
export function ShownOnce({ title, note, text, onClose }: Props) {
  const { message } = App.useApp()
  const copy = () => {
    void navigator.clipboard.writeText(text ?? '').then(() => message.success('Copied'))
  }
  return (
    <Modal
      open={text !== null}
      title={title}
      mask={{ closable: false }}
      onCancel={onClose}
      footer={[
        <Button key="copy" type="primary" onClick={copy}>
          Copy
        </Button>,
        <Button key="done" onClick={onClose}>
          Done
        </Button>,
      ]}
    >
      <p>{note}</p>
      {/* Of fixed height: measuring it would put a copy of the secret outside this window. */}
      <Input.TextArea
        readOnly
        rows={3}
        value={text ?? ''}
        aria-label={title}
        onFocus={(event) => event.target.select()}
      />
    </Modal>
  )
}
