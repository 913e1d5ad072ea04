import { api, Field, ResourceForm } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Input, Switch } from 'antd'
import { STAFF } from '../api/paths.ts'
import type { Staff, StaffIn } from '../api/types.ts'

const required = (message: string) => [{ required: true, whitespace: true, message }]

type Props = { open: boolean; staff?: Staff; onClose: () => void; onSaved: (staff: Staff) => void }

function editable(staff: Staff | undefined): Partial<StaffIn> {
  if (!staff) return { active: true }
  const { employee_id, name, badge_number, email, phone, department, job_title, hired_on, active, notes } = staff
  return { employee_id, name, badge_number, email, phone, department, job_title, hired_on, active, notes }
}

export function StaffForm({ open, staff, onClose, onSaved }: Props) {
  const client = useQueryClient()
  const save = async (values: StaffIn) => {
    const saved = staff ? await api.put<Staff>(`${STAFF}/${staff.id}`, values) : await api.post<Staff>(STAFF, values)
    await client.invalidateQueries()
    onSaved(saved)
  }
  return (
    <ResourceForm<StaffIn>
      open={open}
      title={staff ? `Edit ${staff.name}` : 'Add a person'}
      submitLabel={staff ? 'Save' : 'Add'}
      initial={editable(staff)}
      onSubmit={save}
      onClose={onClose}
    >
      <Field name="name" label="Name" rules={required('Enter the name')}>
        <Input autoComplete="off" maxLength={200} />
      </Field>
      <div className="form-row">
        <Field
          name="employee_id"
          label="Employee number"
          rules={required('Enter the employee number')}
          extra="As payroll knows it. Unique."
        >
          <Input autoComplete="off" maxLength={64} />
        </Field>
        <Field name="badge_number" label="Badge number" extra="The number of the card, if any.">
          <Input autoComplete="off" maxLength={64} />
        </Field>
      </div>
      <div className="form-row">
        <Field name="department" label="Department">
          <Input autoComplete="off" maxLength={100} />
        </Field>
        <Field name="job_title" label="Job title">
          <Input autoComplete="off" maxLength={100} />
        </Field>
      </div>
      <div className="form-row">
        <Field name="email" label="E-mail" rules={[{ type: 'email', message: 'This is not an e-mail address' }]}>
          <Input type="email" autoComplete="off" />
        </Field>
        <Field name="phone" label="Phone">
          <Input type="tel" autoComplete="off" />
        </Field>
      </div>
      <div className="form-row">
        <Field name="hired_on" label="Hired on">
          <Input type="date" />
        </Field>
        <Field name="active" label="Active" valuePropName="checked" extra="Inactive people keep their history.">
          <Switch />
        </Field>
      </div>
      <Field name="notes" label="Notes">
        <Input.TextArea rows={3} maxLength={2000} />
      </Field>
    </ResourceForm>
  )
}
