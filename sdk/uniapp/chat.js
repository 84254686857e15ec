// common/chat.js: one client for whoever is signed in. It connects once, and stays connected while the app lives.
import { createHaggle } from "./haggle-uniapp.js";

let current; // { user, chat }

/** The chat of `user`, the uid of who has signed in; that of whoever was before ends. Call it with nothing to sign out. */
export function chatOf(user) {
  if (current && current.user === user) {
    current.chat.start(); // it may have been signed out meanwhile
    return current.chat;
  }
  if (current) current.chat.stop();
  current = undefined;
  if (!user) return undefined;
  const chat = createHaggle({ url: "https://chat.example.com", user, token });
  chat.start();
  current = { user, chat };
  return chat;
}

/** Your backend signs who is asking, from its session: see docs/widget.md for it in PHP. null says: nobody. */
function token() {
  return new Promise((resolve, reject) =>
    uni.request({
      url: "https://shop.example.com/haggle-token",
      header: { authorization: uni.getStorageSync("session") }, // whatever your app keeps of its sign-in
      success: ({ statusCode, data }) => {
        if (statusCode === 200) resolve(data);
        else if (statusCode === 401) resolve(null);
        else reject(data); // tried again
      },
      fail: reject,
    }),
  );
}
