from django.db import migrations

# People whose phone was known before: the words that profiles.search gives everybody from now on.
WORDS = """
UPDATE profiles_profile p SET search = p.search || phone.words FROM (
    SELECT profile_id, array_to_tsvector(array_agg(DISTINCT substr(ltrim(value, '+'), start))) AS words
    FROM profiles_identifier CROSS JOIN generate_series(2, 20) AS start
    WHERE type = 'phone' AND length(ltrim(value, '+')) - start + 1 >= 4
    GROUP BY profile_id
) phone WHERE phone.profile_id = p.id AND p.search IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("profiles", "0016_address_checks")]
    operations = [migrations.RunSQL(WORDS, migrations.RunSQL.noop)]
