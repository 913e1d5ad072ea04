import { Lookup } from '@punctual/portal-kit'
import { findStaff, staffName } from '../../api/paths.ts'

type Props = { value?: string; onChange?: (value: string | null) => void; id?: string }

/** A person as a form field: antd hands value, onChange and id. */
export function StaffLookup({ value, onChange, id }: Props) {
  return (
    <Lookup
      label="Person"
      value={value ?? null}
      search={findStaff}
      nameOf={staffName}
      onChange={(next) => onChange?.(next)}
      width={430}
      {...(id && { id })}
    />
  )
}
