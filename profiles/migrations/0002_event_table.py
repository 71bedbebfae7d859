from django.db import migrations

# Partitioned by month (UTC). No default partition: rows in it would block the making of later ones.
CREATE = """
CREATE TABLE profiles_event (
    time timestamptz NOT NULL,
    id uuid NOT NULL,
    profile_id bigint NOT NULL,
    name_id smallint NOT NULL,
    value numeric(18, 4),
    properties jsonb NOT NULL DEFAULT '{}',
    source_id bigint,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (time, id)
) PARTITION BY RANGE (time);
CREATE INDEX profiles_event_of_name ON profiles_event (name_id, time) INCLUDE (profile_id, value);
CREATE INDEX profiles_event_of_profile ON profiles_event (profile_id, time);
"""


class Migration(migrations.Migration):
    dependencies = [("profiles", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, "DROP TABLE profiles_event")]
