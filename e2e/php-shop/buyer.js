// The buyer's page: see buyer.html. PORT is 8282 in a real one.
var timeOffset = 6;
var ws;
var shown = $(".chat-history").attr("data-shown"); // Haggle's history is in the page already

function scrollDown() {
  $("#main").scrollTop($("#main")[0].scrollHeight);
}
function divider(time, timestamp) {
  var due = timestamp - $("#prev_timestamp").val() > timeOffset;
  $("#prev_timestamp").val(timestamp);
  return due ? '<p class="chat-time">' + time + "</p>" : "";
}
function domChange(content) {
  if ($.isArray(content)) {
    return $.map(content, function (src) {
      return '<img class="chat-image" src="' + src + '">';
    }).join("");
  }
  if (typeof content === "object") {
    return '<div class="chat-product"><img src="' + content.product_image + '">' + content.product_name + "</div>";
  }
  return content;
}
function warn(content, time, timestamp) {
  $("#main").append(divider(time, timestamp) + '<div class="chat-receiver">' + domChange(content) + "</div>");
  scrollDown();
}
function sender(content) {
  $("#main").append('<div class="chat-sender"></div>');
  $(".chat-sender").last().text(content);
  scrollDown();
}

function connect() {
  ws = new WebSocket("ws://" + document.domain + ":" + window.PORT);
  ws.onopen = function () {
    ws.send('{"type":"handshake","role":"user"}');
  };
  ws.onmessage = function (e) {
    var data = JSON.parse(e.data);
    switch (data.type) {
      case "ping":
        ws.send('{"type":"pong"}');
        break;
      case "handshake":
        $.post("/push/push/BindUserClientId", { client_id: data.client_id, shown: shown }, function () {}, "json");
        shown = "";
        $("#client_id").val(data.client_id);
        break;
      case "reception":
        warn(data.content, data.time, data.timestamp);
        break;
    }
  };
  ws.onclose = function () {
    console.log("连接关闭,定时重连");
    connect();
  };
  ws.onerror = function (e) {
    console.log(e);
  };
}

function sendTrigger(sendType) {
  var message = $("footer .send_content").val();
  $.ajax({
    type: "POST",
    url: "/push/push/SendMessageToMerchant",
    async: false,
    dataType: "JSON",
    data: {
      message: message,
      toMid: $("#toMid").val(),
      pid: $("#pid").val(),
      client_id: $("#client_id").val(),
      sendType: sendType,
    },
    success: function (data) {
      data = JSON.parse(data);
      if (data.status < 0) {
        alert("发送失败,请稍后再试!");
        return;
      }
      $("#send_timestamp").val(data.timeStamp);
      $("#send_timestr").val(data.timeStr);
      if (sendType === "link") {
        $("#main").append('<div class="chat-sender">' + data.html + "</div>");
        scrollDown();
      } else {
        sender(message);
        $("footer .send_content").val("");
      }
    },
  });
}

$("#send").click(function () {
  sendTrigger("message");
});
$("#link").click(function () {
  sendTrigger("link");
});
$("#photo").click(function () {
  wx.chooseImage({
    count: 9,
    sizeType: ["original", "compressed"],
    sourceType: ["album", "camera"],
    success: function (res) {
      uploadAll(res.localIds, []);
    },
  });
});
function uploadAll(localIds, serverIds) {
  if (localIds.length === 0) {
    $.post(
      "/push/push/uploadImgage",
      { images: serverIds, toMid: $("#toMid").val(), client_id: $("#client_id").val() },
      function (data) {
        if (data == 1) {
          $("#main").append('<p class="chat-done">已发送</p>');
        } else {
          $("#main").append('<p class="chat-failed">上传失败</p>');
        }
      },
    );
    return;
  }
  var localId = localIds.shift();
  wx.uploadImage({
    localId: localId,
    success: function (res) {
      $("#main").append('<div class="chat-sender" serverId="' + res.serverId + '"><img src="' + localId + '"></div>');
      uploadAll(localIds, serverIds.concat(res.serverId));
    },
    fail: function () {},
  });
}

connect();
