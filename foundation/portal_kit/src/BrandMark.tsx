/** Our mark: a clock face at nine o'clock, drawn by the style sheet. */
export function BrandMark() {
  return <span className="brand-mark" aria-hidden="true" />
}
