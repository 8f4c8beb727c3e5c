-- What an app set for itself, by name: a JSON object of numbers.
ALTER TABLE apps ADD COLUMN thresholds TEXT NOT NULL DEFAULT '{}';
