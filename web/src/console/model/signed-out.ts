/**
 * Whether somebody who is signed out has something to come back to: they had sat at the desk (a visitor
 * at the door had not), and did not sign out on purpose, which leaves nothing behind.
 */
export function keepsDrafts(code: string, seated: boolean): boolean {
  return seated && code !== "left";
}
