-- What the way said when it last did not take it; none before the first try, and once it is sent.
ALTER TABLE deliveries ADD COLUMN why TEXT;
