import { asProblem, Banner, ConfirmButton, EmptyState, ErrorPanel, Instant, Panel } from '@punctual/portal-kit'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, Skeleton, Upload } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { LOGO, MOST_LOGO_BYTES, pictureOf, saveLogo, type Logo, type LogoNow } from '../../api/logo.ts'
import { useCan } from '../../session.ts'

const logoKey = ['logo'] as const
const TYPES = ['image/png', 'image/jpeg']
const WANTED = 'PNG or JPEG, at most 1 MB and 4,000 × 4,000 pixels.'

type Chosen = { file: File; picture: string }

/** The file as an address that a picture may have here: pages show no pictures but their own and those in the text. */
function pictureIn(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(new Error('The file could not be read.'))
    reader.readAsDataURL(file)
  })
}

function refusalOf(file: File): string | null {
  if (!TYPES.includes(file.type)) return 'The file is not a PNG or JPEG image.'
  if (file.size === 0) return 'The file is empty.'
  return file.size > MOST_LOGO_BYTES ? 'The file is larger than 1 MB.' : null
}

function ChooseButton({
  label,
  disabled,
  onChoose,
}: {
  label: string
  disabled: boolean
  onChoose: (file: File) => void
}) {
  return (
    <Upload
      accept=".png,.jpg,.jpeg,image/png,image/jpeg"
      maxCount={1}
      showUploadList={false}
      disabled={disabled}
      beforeUpload={(file) => {
        onChoose(file)
        return false
      }}
    >
      <Button disabled={disabled}>{label}</Button>
    </Upload>
  )
}

function Stored({ logo }: { logo: Logo }) {
  return (
    <>
      <span className="logo-paper">
        <img src={pictureOf(logo)} alt="The logo as it is printed" />
      </span>
      <p className="muted">
        {logo.file_name && <span className="logo-name">{logo.file_name}, </span>}
        {logo.width} × {logo.height} pixels, since <Instant at={logo.changed_at} seconds={false} /> by {logo.changed_by}
        . Printed on the first page of every PDF.
      </p>
    </>
  )
}

/** The organisation's own logo: on paper in place of Punctual's mark. */
export function LogoPanel() {
  const can = useCan()
  const client = useQueryClient()
  const { notification } = App.useApp()
  const [chosen, setChosen] = useState<Chosen | null>(null)
  const [refusal, setRefusal] = useState<string | null>(null)
  const query = useQuery({
    queryKey: logoKey,
    queryFn: ({ signal }) => api.get('/api/logo/facts', { signal }),
  })
  // A question asked before the change may be answered after it.
  const show = async (now: LogoNow) => {
    await client.cancelQueries({ queryKey: logoKey })
    client.setQueryData<LogoNow>(logoKey, now)
  }
  const saving = useMutation({
    mutationFn: saveLogo,
    onSuccess: async (logo) => {
      await show({ logo })
      setChosen(null)
      notification.success({ title: 'Saved' })
    },
    onError: (error) => {
      const problem = asProblem(error)
      setRefusal(`${problem.detail.replace(/\.$/, '')}.`)
      // Another file is wanted, unless it is not the file that was refused.
      if (problem.status === 422 || problem.status === 413) setChosen(null)
    },
  })
  const mayChange = can('settings:update')
  const choose = async (file: File) => {
    setChosen(null)
    const wrong = refusalOf(file)
    setRefusal(wrong)
    if (wrong) return
    try {
      setChosen({ file, picture: await pictureIn(file) })
    } catch (error) {
      setRefusal(asProblem(error).detail)
    }
  }
  const save = () => {
    if (!chosen) return
    setRefusal(null)
    saving.mutate(chosen.file)
  }
  const remove = async () => {
    await api.delete(LOGO)
    await show({ logo: null })
    setRefusal(null)
  }

  const body = () => {
    if (query.isError && !query.data) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
    if (!query.data) return <Skeleton active title={false} paragraph={{ rows: 3 }} />
    const { logo } = query.data
    if (chosen) {
      return (
        <div className="panel-text">
          <span className="logo-paper">
            <img
              src={chosen.picture}
              alt={`Preview of ${chosen.file.name}`}
              onError={() => {
                setChosen(null)
                setRefusal('The image is damaged or incomplete and cannot be read.')
              }}
            />
          </span>
          <p className="muted">
            <span className="logo-name">{chosen.file.name}</span> is not saved yet.
          </p>
          <div className="actions">
            <Button type="primary" loading={saving.isPending} onClick={save}>
              Save
            </Button>
            <Button disabled={saving.isPending} onClick={() => setChosen(null)}>
              Cancel
            </Button>
          </div>
        </div>
      )
    }
    if (!logo) {
      return (
        <EmptyState
          title="No logo yet"
          hint={`Printed on reports: on the first page of every PDF, in place of Punctual's mark. ${WANTED}`}
          action={
            mayChange && <ChooseButton label="Choose a file" disabled={false} onChoose={(file) => void choose(file)} />
          }
        />
      )
    }
    return (
      <div className="panel-text">
        <Stored logo={logo} />
        {mayChange && (
          <>
            <div className="actions">
              <ChooseButton label="Choose another" disabled={false} onChoose={(file) => void choose(file)} />
              <ConfirmButton
                question="Remove the logo?"
                consequence="Reports made from now on show Punctual's mark instead. Those that were made stay as they are."
                confirmLabel="Remove"
                refusal="The logo was not removed"
                action={remove}
              >
                Remove
              </ConfirmButton>
            </div>
            <p className="muted">{WANTED}</p>
          </>
        )}
      </div>
    )
  }

  return (
    <Panel title="Logo">
      {refusal && (
        <div className="logo-refusal">
          <Banner tone="warn">{refusal}</Banner>
        </div>
      )}
      {body()}
    </Panel>
  )
}
