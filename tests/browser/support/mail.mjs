// A mail server on this machine that keeps what it takes.

import net from 'node:net';

/** Starts it: `url` is for LATCHKEY_SMTP_URL, `mails` holds `{ to, data }`. */
export async function startMailServer() {
  const mails = [];
  const server = net.createServer((socket) => {
    let pending = '';
    let to = [];
    let data = null;
    const say = (text) => socket.write(`${text}\r\n`);
    const read = (line) => {
      if (data !== null) {
        if (line !== '.') return data.push(line);
        mails.push({ to, data: data.join('\r\n') });
        [to, data] = [[], null];
        return say('250 queued');
      }
      const word = line.split(/[ :]/)[0].toUpperCase();
      if (word === 'RCPT') to.push(/<(.*?)>/.exec(line)[1]);
      if (word === 'DATA') data = [];
      say({ EHLO: '250 localhost', DATA: '354 go on', QUIT: '221 bye' }[word] ?? '250 ok');
    };
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      pending += bytes;
      const lines = pending.split('\r\n');
      pending = lines.pop();
      lines.forEach(read);
    });
    say('220 localhost');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${server.address().port}`,
    mails,
    /** The link in a mail. */
    linkIn: (mail) => /https?:\/\/\S+\/connect\/link\/\S+/.exec(mail.data.replaceAll('=\r\n', '').replaceAll('=3D', '='))[0],
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
