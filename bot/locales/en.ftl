# Every word that customers and sellers read, in English.
# The same keys are in id.ftl.

## Buttons

button-home = 🏠 Main menu
button-back = ⬅️ Back
button-previous = ◀️ Previous
button-next = Next ▶️
button-buy = 🛒 Buy
button-my-orders = 🧾 My orders
button-show-goods = 📦 Show my item
button-show-invoice = 🔳 Show the QRIS
button-cancel-order = ❌ Cancel
button-other-language = 🌐 Bahasa Indonesia
button-indonesian = 🇮🇩 Bahasa Indonesia
button-english = 🇬🇧 English
button-order = 🧾 Show order

button-seller-menu = 🏪 Seller menu
button-seller-products = 📦 Product list
button-new-product = ➕ New product
button-seller-orders = 🧾 Orders
button-refunds = 💸 To be refunded ({ $count })
button-set-price = 💰 Change price
button-add-stock = 📥 Add stock
button-take-out = 📤 Take stock out
button-hide = 🙈 Hide
button-show = 👁 Show
button-refund-done = ✅ Refunded
button-keep-amount = 📦 Accept & send item
button-pause-sales = ⏸ Close the shop for now
button-open-sales = ▶️ Open again
button-release-and-open = ✅ Yes, release stock and open
button-release-held = ✅ Release held items ({ $count })
button-never-mind = ✖️ Never mind
button-finished = ✅ Done

## States of an order and reasons of a refund

state-awaiting-payment = Waiting for payment
state-paid = Paid, your item is on its way
state-delivered = Delivered
state-expired = Expired
state-cancelled = Cancelled
state-review = Being checked by the seller
state-refund-due = Money will be returned
state-refunded = Money was returned

reason-late = paid too late, the item was gone
reason-second = paid twice
reason-wrong-amount = the amount is not the price

## What is for sale

home-welcome = Welcome to
home-how = Pick an item, pay with QRIS, and it is sent right here.
home-empty = Nothing is for sale yet. Please come back later 🙏
home-paused = ⏸ The shop is taking a short break, and you can order again soon 🙏 Orders that are paid are still delivered.
sold-out-mark = (sold out)

product-price = Price: { $price }
product-stock = 📦 { $count } left
product-sold-out = 😔 Sold out for now
product-paused = ⏸ The shop is taking a short break. You can order again soon 🙏
product-terms = 📜 Terms (SNK)

toast-preparing = Preparing your QRIS…
toast-again = You have this order already, unpaid. Pay the QRIS from before, or press “Show the QRIS”.
toast-sold-out = Sorry, this item has just sold out 😔
toast-not-on-sale = Sorry, this item is not for sale any more.
toast-too-many-open = You have { $count } unpaid orders. Please pay or cancel one first.
toast-paused = The shop is taking a short break. You can order again soon 🙏
toast-old-button = This button is too old, type /start

## My orders

orders-title = 🧾 My orders
orders-empty = No orders yet. Go on and pick an item 🛒
order-code = 🧾 Order
order-product = Item: { $product }
order-price = Price: { $price }
order-state = State: { $state }
order-placed-at = Ordered: { $time }
order-time-left = ⏳ Time left to pay: { $minutes } minutes (until { $time }). The QRIS is in this chat; press “Show the QRIS” to see it again.
order-time-up = ⌛ The time to pay is over. Do not pay the QRIS any more.
order-not-found = Order not found.
toast-goods-coming = Your item is sent below ⬇️
toast-goods-not-there = There is no item: this order is not paid, or its money is returned.
toast-cancelled = Order cancelled. Please do not pay its QRIS any more.
toast-cannot-cancel = This order cannot be cancelled any more.

## Language, help and short words

language-question = Choose a language:
toast-language = We speak English now 🇬🇧
help =
    How to buy:
    1. Type /start and pick an item.
    2. Press “Buy” and scan the QRIS that appears.
    3. Once it is paid, your item is sent to this chat.

    /orders – my orders
    /language – change the language
    /terms – terms and conditions
    /paysupport – payment problems
terms =
    📜 Terms and conditions (SNK)

    Each item's terms are on its page and are sent again together with the item.
    One order is one item. A QRIS is valid only until the time written under it; do not pay it after that.
    Money that came in without an item for it is returned by the seller.
pay-support =
    💳 A problem with a payment?

    Payments are checked automatically with the QRIS provider, usually within seconds. See where yours stands in “My orders”.
    If it was paid late, twice or with a wrong amount, your order is on the seller's list by itself, and the seller settles it.
    If you need to talk to the seller, reach them where you found this shop and name your order's code (it begins with W). Please keep the proof of your payment.
hint = I only understand buttons 🙂 Press the one below, or type /help.

## Notices for customers

invoice-title = Pay order
invoice-price = Price: { $price }
invoice-fee = QRIS fee: { $fee }
invoice-total = Total: { $total }
invoice-deadline = ⏳ Pay before { $time }
invoice-how = Scan this QR with any bank or wallet app. Your item is sent here once it is paid.
invoice-paid = ✅ Paid. Thank you!
invoice-expired = ⌛ Time is up. Do not pay this QR any more! If you still want it, please order again.
invoice-cancelled = 🚫 Order cancelled. Do not pay this QR any more!
invoice-review = 🔎 A payment came in and the seller is checking it. Please do not pay this QR again.
invoice-refund = 💸 A payment came in without an item for it; the seller returns the money. Please do not pay this QR again.
invoice-refused = 😔 No QRIS could be made for this order, so it is cancelled and there is nothing to pay. Please try again later.
goods-on-the-way = is paid ✅
goods-sending = Your item is on its way…
goods-title = 📦 Here is your item. Thank you for shopping!
goods-copy = Tap to copy:
goods-continue = ↪️ This goes on directly from the part before, without a new line.
goods-refused = ⚠️ Your item cannot be sent yet. The seller has been told; your payment is safe.
review-notice = 🔎 { $amount } came in, but the price is { $price }. The seller is checking: you get either the item or your money back. There is no need to pay again.
refund-due-notice = 💸 { $amount } came in, but the item cannot be sent ({ $reason }). Your money is written down and the seller will return it.
second-payment-notice = 💸 This order was paid once more with { $amount }. The second payment is written down and the seller will return it; the item stays yours.
sent-again = (Sent again: this message may have reached you before.)
refunded-notice = ↩️ The seller noted that the money of this order was returned.
second-refunded-notice = ↩️ The seller noted that the second payment of { $amount } was returned.

## Notices for sellers

seller-sold-notice = 🎉 Sold: { $product } · { $price }
seller-review-notice = 🔎 { $amount } came in, but the price is { $price }. Nothing was sent yet: decide under “To be refunded”.
seller-refund-due-notice = 💸 To be refunded: { $amount } ({ $reason }).
seller-unknown-order-notice = 💸 { $amount } came in for an order that the shop does not know, perhaps of the time before its records went back. Please look the order up in the payment dashboard and give the money back there, or settle it with the customer.
seller-unreachable-notice = 📵 The item did not arrive: the customer blocked the bot or left Telegram. It is kept and goes out when the customer comes back.
seller-goods-refused-notice = ⚠️ An item cannot be sent: Telegram refuses it. If it is a file, send the same file once more under “Add stock” of this product, and the customer gets it.
seller-buyer = Customer: { $buyer }

## Seller menu

seller-title = 🏪 Seller menu
seller-open = 🟢 The shop is open
seller-paused = ⏸ The shop is closed for now
seller-resting = ⏳ The shop takes no new orders for a moment and goes on by itself. Payments are taken and goods go out as always.
seller-held = ⚠️ The shop is closed because its records went back to an earlier time. { $count } items are held.
seller-held-later = ⚠️ { $count } items are held: their orders came to nothing after the shop's records went back to an earlier time, so they may have been sold.
seller-withheld = 🔒 { $count } items went out after that time, sold or taken out. They stay out of sale: { $products }
seller-none-withheld = 🔎 The records that were replaced were looked into: nothing that is in stock here went out after that time.
seller-not-looked-into = ⚠️ The records that were replaced could not all be looked into, so what was sold after that time may still be in stock.
seller-doubtful = ⏳ { $count } more items are kept for unpaid orders; they will be held if those orders come to nothing.
seller-confirm-open =
    ⚠️ { $count } items are held.

    The shop's records went back to an earlier time. What was sold after that time still counts as stock and could be sold twice. Take those items out of the stock before you open.

    Release everything that is held and open the shop?
seller-confirm-open-known =
    ⚠️ { $count } items are held.

    The shop's records went back to an earlier time. By the records that were replaced, none of these items went out after that time.

    Release them and open the shop?
toast-sales-paused = The shop is closed for now. Orders that exist are still served.
toast-sales-open = The shop is open again 🟢
toast-released = The shop is open again. { $count } items were released.

seller-products-title = 📦 Product list
seller-products-empty = No products yet. Press “New product” to make the first one.
seller-product-row = { $name } · { $price } · stock { $count }
seller-stock = Stock: { $count }
seller-stock-withheld = 🔒 Out of sale: { $count } (they went out in a time that the records no longer hold)
seller-shown = 👁 Customers see it
seller-hidden = 🙈 Hidden from customers
toast-hidden = The product is hidden.
toast-shown = Customers see the product.
toast-no-product = Product not found.

ask-name = ➕ New product. What is its name? Send one line of at most { $max } characters.
wrong-name = The name must be one line of 1 to { $max } characters. Please send it again.
ask-product-price = What does it cost? Send a number in rupiah, for example 25000 or 25.000.
ask-description = Write its description, at most { $max } characters. Send - for none.
wrong-description = The description may have at most { $max } characters. Send a shorter one, or - for none.
product-made = ✅ The product is made and customers see it.
ask-price = What is the new price? Send a number in rupiah, for example 25000 or 25.000. The price now: { $price }.
wrong-price = The price must be a number from { $min } to { $max }, for example 25000. Please send it again.
price-set = ✅ The price is { $price } now. Orders that exist keep the old one.
ask-stock = 📥 Send the stock: one item a line, at most { $max } lines at once. An item that is a file is sent as a file (document), one file an item; the words under it reach the customer too. Several messages are fine; press “Done” at the end.
wrong-stock = At most { $max } lines at once. Please send them in several messages.
stock-added = ✅ { $count } items came in. Stock now: { $total }.
stock-known = 🔁 Refused because the shop had them before, lines: { $lines }
stock-long = 📏 Refused because they are too long, lines: { $lines }
stock-more = Send more, or press “Done”.
stock-not-a-file = This is neither text nor a file. If the item is a photo or a video, send it as a file (document), so that it arrives whole.
file-unnamed = a file without a name
file-added = ✅ The file { $name } came in. Stock now: { $total }.
file-known = 🔁 The file { $name } is refused because the shop had it before.
file-renewed = ✅ The file { $name } is sold and its customer waits for it: it goes out now.
file-words-long = 📏 The words under a file may have at most { $max } characters. Please send it again with shorter ones.
ask-take-out = 📤 Send the items that must not be sold any more: one item a line, exactly as it came in, at most { $max } lines at a time; a file is sent once more as a file. Press “Done” when finished.
taken-out = ✅ { $count } item(s) taken out.
take-out-taken = 🧾 Sold already, or kept for an order, lines: { $lines }
take-out-unknown = ❔ Not in the stock of this product, lines: { $lines }
file-taken-out = ✅ The file is taken out.
file-take-out-taken = 🧾 The file is sold already, or kept for an order.
file-take-out-unknown = ❔ The file is not in the stock of this product.
lines-more = { $lines } and { $count } more
dialogue-needs-text = Please answer with text, or press “Never mind”.
never-mind = All right, never mind.

seller-orders-title = 🧾 Orders
seller-orders-empty = No orders yet.
order-paid-at = Paid: { $time }
order-delivered-at = Delivered: { $time }
order-pay-before = To be paid before: { $time }

refunds-title = 💸 To be refunded
refunds-empty = No money has to be returned. 👍
refund-amount = Amount: { $amount }
refund-price = Price of the item: { $price }
refund-reason = Reason: { $reason }
refund-since = Since: { $time }
refund-how = Return the money to the customer first, then press “Refunded”. The bot cannot send money by itself.
toast-refund-done = Noted: the money was returned.
toast-amount-kept = Accepted. The item is on its way.
toast-refund-settled = This was settled before.
toast-no-item-to-keep = There is no stock: add stock first, or return the money.

## Announcements

button-broadcasts = 📣 Send an announcement
button-new-broadcast = ✏️ Write an announcement
button-preview = 👁 Preview
button-broadcast-products = 🛒 Product buttons
button-send-now = 🚀 Send now to { $count } people
button-schedule = 🕒 Schedule
button-pause-broadcast = ⏸ Pause
button-resume-broadcast = ▶️ Resume
button-open-broadcast = 📣 Open the announcement
button-retry-unknown = 🔁 Send again to the { $count } who are uncertain
button-cancel-broadcast = ✖️ Cancel announcement
button-really-cancel = ✖️ Yes, cancel it

broadcasts-title = 📣 Announcements
broadcasts-empty = No announcement yet. Press “Write an announcement” for the first one.
broadcast-title = 📣 Announcement { $number }
broadcast-draft = 📝 Draft
broadcast-scheduled = 🕒 Scheduled
broadcast-running = 🚀 Being sent
broadcast-paused = ⏸ Paused
broadcast-done = ✅ Finished
broadcast-cancelled = 🚫 Cancelled
broadcast-begins = Begins: { $time }
broadcast-audience = 👥 Goes to: { $count } people. Those who blocked the bot are not counted; customers who come after this do not get it.
broadcast-trouble = ⚠️ It stopped by itself because many messages in a row did not arrive. Have a look first, then resume.
broadcast-went-back = ⚠️ The shop went back to an earlier moment. More people may have received it than is counted; if it goes on, they may get it twice.
broadcast-stopped = ⏸ Announcement { $number } has stopped
broadcast-stopped-left = 👥 Not sent yet: { $count } people.
broadcast-sent = ✅ Sent: { $count }
broadcast-blocked = 📵 Blocked the bot: { $count }
broadcast-unknown = ❓ Uncertain: { $count }
broadcast-failed = ⛔ Refused by Telegram: { $count }
broadcast-left = ⏳ Time left: about { $time }
broadcast-unknown-means = ❓ means that nobody knows whether the message arrived. The bot does not send it again by itself; if it is sent again, some people may get it twice.
broadcast-products-how = 🛒 Choose the products that get a button below the announcement, at most { $max }.
broadcast-ask-cancel = Cancel this announcement? { $count } people will not get it. What was sent cannot be taken back.
length-minutes = { $large } min { $small } s
length-hours = { $large } h { $small } min

ask-announcement = 📣 Send what is to be announced: one text message, or one photo with a caption.
wrong-announcement = Send one text message (at most { $text } characters) or one photo with a caption (at most { $caption } characters).
ask-time = 🕒 When shall it go out? Write day and time, such as 22-11-2026 19:30. It is { $now } now.
wrong-time = Write a day and time in the future, at most a year ahead, such as 22-11-2026 19:30. It is { $now } now.
toast-no-broadcast = There is no such announcement.
toast-preview = This is how it looks ⬇️
toast-broadcast-begins = The announcement is going out 🚀
toast-broadcast-paused = Paused.
toast-broadcast-resumes = It goes on.
toast-broadcast-cancelled = Cancelled.
toast-broadcast-cannot = That is no longer possible: see how it stands now.
toast-another-broadcast = Another announcement is going out. Wait until it has finished, or pause it first.
toast-buttons-enough = At most { $max } buttons.

button-doubts = ❓ Not sure it arrived ({ $count })
button-send-again = 🔁 Send again
button-let-be = 👌 Let it be
doubts-title = ❓ Not sure they arrived
doubts-what = These messages may have arrived or not. The bot does not send them again by itself; choose one to decide.
doubts-empty = Nothing is in doubt. 👍
doubt-qr = QRIS picture
doubt-notice = notice
doubt-to = To: { $buyer }
doubt-how = “Send again” sends it once more and says that it is a repetition.
toast-doubt-again = Sent again.
toast-doubt-let-be = Left as it is.
