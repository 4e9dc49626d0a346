"""Iceberg for the Spark of the tests: a jar from a package, and the Jackson that it lacks.

The jar looks for Jackson under a name of its own, org.apache.iceberg.shaded. PySpark has the same
version under the usual name; copies of its jars with the name changed in their classes do.
"""

import struct
import zipfile
from importlib import resources
from pathlib import Path

import pyspark

PACKAGE = "snowpark_connect_deps_iceberg"
ICEBERG = "iceberg-spark-runtime-3.5_2.12-*.jar"
JACKSON = ("jackson-core", "jackson-databind", "jackson-annotations")
OLD = b"com/fasterxml/jackson"
NEW = b"org/apache/iceberg/shaded/com/fasterxml/jackson"
# Bytes after the tag of each entry of a class file's constant pool (JVM specification, 4.4).
SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4}
TEXT, TAKES_TWO = 1, (5, 6)


def iceberg_jars(folder: Path) -> list[Path]:
    """The jars that Spark needs beside its own; renamed copies are written into the folder."""
    (iceberg,) = (Path(str(resources.files(PACKAGE))) / "jars").glob(ICEBERG)
    own = Path(pyspark.__file__).parent / "jars"
    jars = [iceberg]
    for name in JACKSON:
        (jar,) = own.glob(f"{name}-2*.jar")
        jars.append(renamed_jar(jar, folder / f"renamed-{jar.name}"))
    return jars


def renamed_jar(jar: Path, copy: Path) -> Path:
    """A copy of a jar in which every class has the new name."""
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            # Classes for newer versions of Java and signatures would be of the old name.
            if name.endswith(("/", "module-info.class")) or name.startswith("META-INF/versions"):
                continue
            content = source.read(name)
            if name.endswith(".class"):
                content = renamed_class(content)
            elif name.startswith("META-INF/services"):
                content = renamed(content)
            target.writestr(renamed(name.encode()).decode(), content)
    return copy


def renamed_class(content: bytes) -> bytes:
    """A class file with the name changed in every text of its constant pool."""
    (count,) = struct.unpack(">H", content[8:10])
    parts, place, index = [content[:10]], 10, 1
    while index < count:
        tag = content[place]
        if tag == TEXT:
            (length,) = struct.unpack(">H", content[place + 1 : place + 3])
            text = renamed(content[place + 3 : place + 3 + length])
            parts.append(bytes([TEXT]) + struct.pack(">H", len(text)) + text)
            place += 3 + length
        else:
            parts.append(content[place : place + 1 + SIZES[tag]])
            place += 1 + SIZES[tag]
        index += 2 if tag in TAKES_TWO else 1
    return b"".join(parts) + content[place:]


def renamed(text: bytes) -> bytes:
    """The text with the new name, in both of its spellings."""
    return text.replace(OLD, NEW).replace(OLD.replace(b"/", b"."), NEW.replace(b"/", b"."))
