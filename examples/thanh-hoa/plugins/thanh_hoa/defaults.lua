-- What an article has that does not say otherwise: the board that takes it in, and the hour at which it comes out.

return { unit = "ban-tg", hour = "08:00" }
