/** What to type into a push clock: the organisation's own device host, beside the host this portal runs on. */
export function pushHost(host: string = location.host): { address: string; port: string; secure: boolean } {
  const [name = '', port] = host.split(':')
  const [slug = '', ...base] = name.split('.')
  const secure = location.protocol === 'https:'
  return { address: [slug, 'devices', ...base].join('.'), port: port ?? (secure ? '443' : '80'), secure }
}
