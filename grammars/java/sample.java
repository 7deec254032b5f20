/* Copyright: nobody. */
package org.example.orchard;

import java.util.List;
import static java.util.Objects.requireNonNull;

/**
 * A tree that bears fruit.
 *
 * @param <F> the fruit
 */
@Entity
@Table(
    name = "trees")
public abstract class Tree<F extends Fruit> extends Plant
        implements Comparable<Tree<F>>, Serializable {

    /** Years until the first harvest. */
    public static final int YEARS = 4;

    private static final List<String> KINDS = List.of(
            "apple",
            "pear");

    private final F fruit;

    protected Tree(F fruit) {
        this.fruit = requireNonNull(fruit);
    }

    @Override
    public int compareTo(Tree<F> other) {
        return Integer.compare(height(), other.height());
    }

    abstract int height();

    @Deprecated public <T> T visit(
            Visitor<T> visitor,
            Object... hints) throws VisitException
    {
        Runnable later = new Runnable() {
            @Override
            public void run() {
                visitor.done();
            }
        };
        later.run();
        return visitor.visit(this);
    }

    interface Visitor<T> {
        T visit(Tree<?> tree);

        default void done() {}
    }

    enum Season {
        SPRING,
        AUTUMN {
            @Override boolean ripe() { return true; }
        };

        boolean ripe() { return false; }
    }
}

record Basket(String owner, int size) implements Container {
    Basket {
        if (size < 0) throw new IllegalArgumentException();
    }

    static Basket empty() { return new Basket("", 0); }
}

@interface Organic {
    String by() default "";
}

class TreeTest {
    @Test
    void comparesByHeight() {
        assertEquals(0, new Oak().compareTo(new Oak()));
    }
}
