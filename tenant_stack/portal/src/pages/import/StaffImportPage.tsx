import { asProblem, Banner, ErrorPanel, LinkButton, PageHeader, Panel, useAction } from '@punctual/portal-kit'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton, Upload } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import {
  EXPORT,
  importStaff,
  TEMPLATE,
  type ImportField,
  type ImportOutcome,
  type Mapping,
} from '../../api/staffImport.ts'
import { useCan } from '../../session.ts'
import '../../import.css'
import { ColumnsPanel } from './ColumnsPanel.tsx'
import { OutcomePanel } from './OutcomePanel.tsx'

const MOST_BYTES = 10_000_000
const number = (count: number) => count.toLocaleString('en')
const people = (count: number) => (count === 1 ? '1 person' : `${number(count)} people`)

function importLabel({ new: added, changed }: ImportOutcome): string {
  if (added === 0 && changed === 0) return 'Nothing to import'
  if (changed === 0) return `Add ${people(added)}`
  return added === 0 ? `Change ${people(changed)}` : `Add ${number(added)} and change ${people(changed)}`
}

function doneWords({ new: added, changed, unchanged, wrong }: ImportOutcome): string {
  const left = wrong === 0 ? '' : wrong === 1 ? ' 1 row was left out.' : ` ${number(wrong)} rows were left out.`
  return `Added ${people(added)}, changed ${number(changed)}; ${number(unchanged)} were as the file says.${left}`
}

type Tried = { file: File; mapping: Mapping; outcome: ImportOutcome }

export default function StaffImportPage() {
  const can = useCan()
  const client = useQueryClient()
  const { busy, run } = useAction()
  const [file, setFile] = useState<File | null>(null)
  const [tried, setTried] = useState<Tried | null>(null)
  const [done, setDone] = useState<ImportOutcome | null>(null)
  const trial = useMutation({
    mutationFn: async (asked: { file: File; mapping: Mapping }): Promise<Tried> => {
      return { ...asked, outcome: await importStaff(asked.file, asked.mapping, true) }
    },
    onSuccess: setTried,
  })

  const take = (chosen: File) => {
    setFile(chosen)
    setTried(null)
    setDone(null)
    trial.mutate({ file: chosen, mapping: {} })
  }
  const choose = (header: string, field: ImportField | null) => {
    if (!tried) return
    // A field is one column's: whoever had it loses it.
    const others = tried.outcome.columns.filter((column) => field && column.field === field && column.header !== header)
    const mapping = { ...tried.mapping, ...Object.fromEntries(others.map((column) => [column.header, null])) }
    trial.mutate({ file: tried.file, mapping: { ...mapping, [header]: field } })
  }
  const carryOut = async () => {
    if (!tried) return
    const worked = await run('Nobody was imported', async () => {
      setDone(await importStaff(tried.file, tried.mapping, false))
    })
    if (worked) await client.invalidateQueries()
  }
  const again = () => {
    setFile(null)
    setTried(null)
    setDone(null)
    trial.reset()
  }

  const outcome = done ?? tried?.outcome
  const idle = !outcome || (outcome.new === 0 && outcome.changed === 0)
  return (
    <>
      <p className="crumb">
        <Link to="/staff">Staff</Link> / Import
      </p>
      <PageHeader
        title="Import people"
        note="Enter and change many people from a CSV file. Nothing is written before you have seen what it does."
        actions={
          <>
            <Button href={TEMPLATE} download>
              Empty file to fill in
            </Button>
            {can('staff:export') && (
              <Button href={EXPORT} download>
                Everybody as a file
              </Button>
            )}
          </>
        }
      />
      <div className="stack">
        {done ? (
          <Panel title="Imported">
            <p role="status">{doneWords(done)}</p>
            <div className="actions import-after">
              <LinkButton type="primary" to="/staff">
                To the list
              </LinkButton>
              <Button onClick={again}>Import another file</Button>
            </div>
          </Panel>
        ) : (
          <Panel title="The file">
            <Upload.Dragger
              accept=".csv,.txt,.tsv,text/csv"
              maxCount={1}
              showUploadList={false}
              disabled={busy}
              beforeUpload={(chosen) => {
                take(chosen)
                return false
              }}
            >
              <p className="import-drop">{file ? file.name : 'Drop a CSV file here, or click to choose one'}</p>
              <p className="muted">
                {file
                  ? outcome
                    ? `${people(outcome.rows)}, ${outcome.encoding}, separated by ${outcome.separator}. Drop another file to replace it.`
                    : 'Drop another file to replace it.'
                  : 'At most 10 MB and 50,000 people. People are known by their employee number; a column that the file lacks is left as it is.'}
              </p>
            </Upload.Dragger>
          </Panel>
        )}
        {outcome?.note && !done && <Banner tone="warn">{outcome.note}</Banner>}
        {trial.isError && <FileProblem error={trial.error} tooLarge={(file?.size ?? 0) > MOST_BYTES} />}
        {trial.isPending && !outcome && <Skeleton active paragraph={{ rows: 6 }} />}
        {outcome && !done && (
          <ColumnsPanel columns={outcome.columns} disabled={busy || trial.isPending} onChoose={choose} />
        )}
        {outcome && outcome.missing.length > 0 && (
          <Banner tone="warn">No column was taken for the employee number. Say above which one it is.</Banner>
        )}
        {tried && outcome && outcome.missing.length === 0 && (
          <OutcomePanel
            outcome={outcome}
            file={tried.file}
            mapping={tried.mapping}
            action={
              !done && (
                <Button
                  type="primary"
                  loading={busy}
                  disabled={idle || trial.isPending}
                  onClick={() => void carryOut()}
                >
                  {importLabel(outcome)}
                </Button>
              )
            }
          />
        )}
      </div>
    </>
  )
}

/** Why a file cannot be read at all. */
function FileProblem({ error, tooLarge }: { error: unknown; tooLarge: boolean }) {
  const problem = asProblem(error)
  if (tooLarge && problem.status !== 422) return <Banner tone="warn">The file is larger than 10 MB; split it.</Banner>
  if (problem.status === 422) return <Banner tone="warn">{problem.detail}</Banner>
  return <ErrorPanel error={error} />
}
