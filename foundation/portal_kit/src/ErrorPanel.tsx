import { Button, Typography } from 'antd'
import { Component, type ErrorInfo, type ReactNode } from 'react'
import { asProblem } from './problem.ts'

/** What went wrong in plain words, the correlation id to quote, and a way to try again. */
export function ErrorPanel({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const problem = asProblem(error)
  return (
    <div className="error-panel" role="alert">
      <p className="error-title">{problem.message}</p>
      <p className="error-detail">{problem.detail}</p>
      {problem.correlationId && (
        <p className="error-id">
          Correlation id{' '}
          <Typography.Text code copyable={{ text: problem.correlationId, tooltips: ['Copy', 'Copied'] }}>
            {problem.correlationId}
          </Typography.Text>
        </p>
      )}
      {onRetry && problem.status !== 403 && <Button onClick={onRetry}>Try again</Button>}
    </div>
  )
}

/** Keeps one page's fault from emptying the whole window. `resetKey` (the address) clears it on navigation. */
export class PageBoundary extends Component<{ children: ReactNode; resetKey: string }, { error: unknown }> {
  override state: { error: unknown } = { error: null }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override componentDidCatch(error: unknown, info: ErrorInfo) {
    console.error('page fault', error, info.componentStack)
  }

  override componentDidUpdate(previous: { resetKey: string }) {
    if (previous.resetKey !== this.props.resetKey && this.state.error) this.setState({ error: null })
  }

  override render() {
    if (!this.state.error) return this.props.children
    return <ErrorPanel error={this.state.error} onRetry={() => location.reload()} />
  }
}
