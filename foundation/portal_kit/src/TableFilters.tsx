import { SearchOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, DatePicker, Input, Select, Switch } from 'antd'
import dayjs from 'dayjs'
import { useEffect, useId, useState } from 'react'
import type { TableQuery } from './tableQuery.ts'
import type { Filter, Option } from './tableTypes.ts'
import { addDays } from './zoned.ts'

const TYPING_PAUSE_MS = 300

/** A value that follows another after a pause in typing. */
export function useSettled<T>(value: T, pause = TYPING_PAUSE_MS): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pause)
    return () => clearTimeout(timer)
  }, [value, pause])
  return settled
}

function SearchBox({ query, label }: { query: TableQuery; label: string }) {
  const inAddress = query.filters['q'] ?? ''
  const [typed, setTyped] = useState(inAddress)
  const [seen, setSeen] = useState(inAddress)
  if (seen !== inAddress) {
    // Back, Forward or "clear" changed the address: the box follows it.
    setSeen(inAddress)
    setTyped(inAddress)
  }
  const { setFilters } = query
  useEffect(() => {
    if (typed.trim() === inAddress) return
    const timer = setTimeout(() => {
      setSeen(typed.trim())
      setFilters({ q: typed.trim() || null }, { replace: true })
    }, TYPING_PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed, inAddress, setFilters])
  return (
    <Input
      className="filter-search"
      prefix={<SearchOutlined />}
      placeholder={label}
      aria-label={label}
      allowClear
      maxLength={100}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  )
}

type LookupProps = {
  label: string
  value: string | null
  search: (text: string) => Promise<Option[]>
  nameOf: (id: string) => Promise<string>
  onChange: (value: string | null) => void
  width?: number
  id?: string
}

/** Choose one row of another list by typing part of its name. */
export function Lookup({ label, value, search, nameOf, onChange, width = 190, id }: LookupProps) {
  const [typed, setTyped] = useState('')
  const text = useSettled(typed)
  const options = useQuery({ queryKey: ['lookup', label, text], queryFn: () => search(text), staleTime: 30_000 })
  const chosen = useQuery({
    queryKey: ['lookup-name', label, value],
    queryFn: () => nameOf(value ?? ''),
    enabled: value !== null,
    staleTime: 300_000,
  })
  const list = [...(options.data ?? [])]
  if (value && !list.some((option) => option.value === value)) list.push({ value, label: chosen.data ?? '…' })
  return (
    <Select<string>
      {...(id && { id })}
      style={{ width, maxWidth: '100%' }}
      aria-label={label}
      placeholder={label}
      allowClear
      showSearch={{ filterOption: false, onSearch: setTyped }}
      loading={options.isFetching}
      notFoundContent={options.isError ? 'The list could not be read' : 'Nobody matches'}
      options={list}
      value={value}
      onChange={(next: string | undefined) => onChange(next ?? null)}
    />
  )
}

function DatesFilter({ filter, query }: { filter: Extract<Filter, { kind: 'dates' }>; query: TableQuery }) {
  const from = query.filters[filter.from]
  const to = query.filters[filter.to]
  const day = (text: string) => dayjs(text)
  const { today } = filter
  return (
    <DatePicker.RangePicker
      className="filter-dates"
      aria-label={filter.label}
      allowEmpty={[true, true]}
      placeholder={['From', 'To']}
      value={[from ? day(from) : null, to ? day(to) : null]}
      presets={[
        { label: 'Today', value: [day(today), day(today)] },
        { label: 'Yesterday', value: [day(addDays(today, -1)), day(addDays(today, -1))] },
        { label: 'Last 7 days', value: [day(addDays(today, -6)), day(today)] },
        { label: 'Last 30 days', value: [day(addDays(today, -29)), day(today)] },
        { label: 'This month', value: [day(`${today.slice(0, 8)}01`), day(today)] },
      ]}
      onChange={(range) =>
        query.setFilters({
          [filter.from]: range?.[0]?.format('YYYY-MM-DD') ?? null,
          [filter.to]: range?.[1]?.format('YYYY-MM-DD') ?? null,
        })
      }
    />
  )
}

function OneFilter({ filter, query }: { filter: Filter; query: TableQuery }) {
  const id = useId()
  if (filter.kind === 'dates') return <DatesFilter filter={filter} query={query} />
  const value = query.filters[filter.name] ?? null
  if (filter.kind === 'toggle') {
    return (
      <label className="filter-toggle" htmlFor={id}>
        <Switch
          id={id}
          checked={value === 'true'}
          onChange={(on) => query.setFilters({ [filter.name]: on ? 'true' : null })}
        />
        {filter.label}
      </label>
    )
  }
  if (filter.kind === 'lookup') {
    return (
      <Lookup
        label={filter.label}
        value={value}
        search={filter.search}
        nameOf={filter.nameOf}
        onChange={(next) => query.setFilters({ [filter.name]: next })}
        {...(filter.width && { width: filter.width })}
      />
    )
  }
  return (
    <Select<string>
      style={{ width: filter.width ?? 170 }}
      aria-label={filter.label}
      placeholder={filter.label}
      allowClear
      options={filter.options}
      value={value}
      onChange={(next: string | undefined) => query.setFilters({ [filter.name]: next ?? null })}
    />
  )
}

type Props = { filters: Filter[]; searchLabel: string | undefined; query: TableQuery }

export function TableFilters({ filters, searchLabel, query }: Props) {
  return (
    <div className="table-filters" role="search">
      {searchLabel && <SearchBox query={query} label={searchLabel} />}
      {filters.map((filter) => (
        <OneFilter key={filter.kind === 'dates' ? filter.from : filter.name} filter={filter} query={query} />
      ))}
      {query.filtered && (
        <Button type="link" onClick={query.clear}>
          Clear filters
        </Button>
      )}
    </div>
  )
}
