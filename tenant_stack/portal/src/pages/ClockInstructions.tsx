import { Typography } from 'antd'
import { pushHost } from '../pushHost.ts'

/** The lines to type at a push clock. Menu names differ a little between models. */
export function PushInstructions() {
  const { address, port, secure } = pushHost()
  return (
    <div className="hint-box">
      <p>At the clock, open Menu → Comm. → Cloud Server Setting (“ADMS” on some models) and enter:</p>
      <dl className="type-in">
        <dt>Server address</dt>
        <dd>
          <Typography.Text code copyable={{ text: address, tooltips: ['Copy', 'Copied'] }}>
            {address}
          </Typography.Text>
        </dd>
        <dt>Server port</dt>
        <dd>
          <Typography.Text code>{port}</Typography.Text>
        </dd>
        <dt>HTTPS</dt>
        <dd>{secure ? 'on' : 'off'}</dd>
      </dl>
      <p className="muted">A clock that calls before it is added shows up under “waiting for approval”.</p>
    </div>
  )
}

export function PullInstructions() {
  return (
    <div className="hint-box">
      <p>Punctual calls this clock. At the clock, look up:</p>
      <ol>
        <li>Menu → Comm. → Ethernet: its IP address</li>
        <li>Menu → Comm. → PC Connection: its port (usually 4370) and Comm Key (0 means none)</li>
        <li>Menu → System Info: its serial number</li>
      </ol>
    </div>
  )
}
