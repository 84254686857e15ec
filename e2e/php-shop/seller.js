// The merchant's page: see seller.html.
var ws;
var shown = $(".chat-history").attr("data-shown"); // Haggle's history is in the page already
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
function connect() {
  ws = new WebSocket("ws://" + document.domain + ":" + window.PORT);
  ws.onopen = function () {
    ws.send('{"type":"handshake","role":"user"}');
  };
  ws.onmessage = function (e) {
    var data = JSON.parse(e.data);
    if (data.type === "ping") ws.send('{"type":"pong"}');
    if (data.type === "handshake") {
      $.post("/push/push/BindUserClientId", { client_id: data.client_id, shown: shown }, function () {}, "json");
      shown = "";
      $("#client_id").val(data.client_id);
    }
    if (data.type === "reception") {
      $("#toUserCode").val(data.source);
      $("#main").append('<p class="chat-time">' + data.time + '</p><div class="chat-receiver">' + domChange(data.content) + "</div>");
    }
  };
  ws.onclose = function () {
    connect();
  };
}
$("#send").click(function () {
  var message = $(".send_content").html();
  $.ajax({
    type: "POST",
    url: "/push/push/sendMessageToUser",
    async: false,
    dataType: "JSON",
    data: { message: message, toUserCode: $("#toUserCode").val(), client_id: $("#client_id").val(), myCode: $("#myCode").val() },
    success: function (data) {
      data = JSON.parse(data);
      if (data.status < 0) {
        alert("发送失败,请稍后再试!");
        return;
      }
      $("#main").append('<div class="chat-sender">' + message + "</div>");
      $(".send_content").html("");
    },
  });
});
connect();
