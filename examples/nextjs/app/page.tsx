import { LATCHKEY } from "../lib/latchkey";
import { Connect } from "./connect";

// The variables are read when a page is asked for, so that one build serves every environment.
export const dynamic = "force-dynamic";

export default function Page() {
  return (
    <main>
      <h1>Next.js example</h1>
      <Connect baseUrl={LATCHKEY} project={process.env.CONNECT_PROJECT} />
    </main>
  );
}
