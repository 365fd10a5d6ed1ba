import "server-only";

export const LATCHKEY = process.env.CONNECT_URL ?? "http://localhost:8080";

/** Who is signed in: comes from your own session, never from the request's body. */
export async function signedIn(): Promise<string> {
  return "u-42";
}

/** Calls Latchkey with the secret key. When it cannot be reached, the answer says so. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("X-One-Secret", process.env.CONNECT_KEY ?? "");
  try {
    return await fetch(LATCHKEY + path, { ...init, headers, cache: "no-store" });
  } catch (error) {
    console.error(error);
    return Response.json({ message: "Latchkey cannot be reached. Try again in a minute." }, { status: 502 });
  }
}

/** Its answer for the page, a refusal as well; without the headers that are meant for the backend. */
export async function passOn(answer: Response): Promise<Response> {
  return Response.json(await answer.json(), { status: answer.status });
}
