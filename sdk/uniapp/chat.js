// common/chat.js: one client for the whole app. It connects once, and stays connected while the app lives.
import { createHaggle } from "./haggle-uniapp.js";

const { uid, session } = uni.getStorageSync("signed-in"); // whatever your app keeps of who has signed in

export const user = uid;

export const chat = createHaggle({
  url: "https://chat.example.com",
  user,
  // Your backend signs who is asking, from its session: see docs/widget.md for it in PHP. null for nobody.
  token: () =>
    new Promise((resolve, reject) =>
      uni.request({
        url: "https://shop.example.com/haggle-token",
        header: { authorization: session },
        success: ({ statusCode, data }) => (statusCode < 500 ? resolve(statusCode === 200 ? data : null) : reject(data)),
        fail: reject,
      }),
    ),
});

chat.start();
